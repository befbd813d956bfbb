import { MAX_JSON } from '../../src/http/json.ts'

/** A body in few words: containers in containers, down to one value that is written again and again. */
export interface Shape {
  /** From outside in. */
  readonly levels: readonly ('array' | 'object')[]
  /** Of each container, but for the innermost ones: as many as there is room for. */
  readonly width: number
  readonly nameLength: number
  /** Each container has names of its own. */
  readonly hasOwnNames: boolean
  /** A # in it is another number each time. */
  readonly leaf: string
  /** It stops short of the limits; otherwise it is as large as a body may be, and refused. */
  readonly isTaken: boolean
  /** What the rest of the body is: blanks, or a text of one or two bytes a character. */
  readonly rest: 'blanks' | 'text' | 'wide text'
}

type Random = () => number

const LEAVES = [
  ...['0', '1.5', '-0', '""', '"a"', '"#"', '"\\u00e9#"', 'null', 'true', '[]', '{}', '[[]]', '["#"]', '["#","#","#"]'],
  ...['{"a":""}', '{"a":"#"}', '{"a":"#","b":#}', '{"#":0}', '{"name":"","children":[]}', '{"name":"#","children":[]}'],
]

const pick = <T>(of: readonly T[], random: Random): T => of[Math.floor(random() * of.length)] as T
const between = (min: number, max: number, random: Random) => Math.floor(min * (max / min) ** random())

export const randomShape = (random: Random): Shape => ({
  levels: Array.from({ length: between(1, 8, random) }, () => pick(['array', 'object'] as const, random)),
  width: between(1, MAX_JSON.elements, random),
  nameLength: between(1, 100_000, random),
  hasOwnNames: random() < 0.5,
  leaf: pick(LEAVES, random),
  isTaken: random() < 0.8,
  rest: pick(['blanks', 'text', 'wide text'] as const, random),
})

/** One that differs in one of its parts. */
export function mutate(shape: Shape, random: Random): Shape {
  const part = pick(['levels', 'width', 'nameLength', 'hasOwnNames', 'leaf', 'isTaken', 'rest'] as const, random)
  return { ...shape, [part]: randomShape(random)[part] }
}

/** What there is in a text of a few values, so that MAX_JSON can be kept to. */
const countsOf = (text: string) => ({
  containers: text.match(/[[{]/g)?.length ?? 0,
  values: 1 + (text.match(/[,[{](?![\]}])/g)?.length ?? 0),
  names: text.includes('"#":') ? 1 : 0,
})

/** The JSON of a shape in so many bytes. */
export function write({ levels, width, nameLength, hasOwnNames, leaf, isTaken, rest }: Shape, bytes: number): string {
  const [head, middle, tail] = ['{"rows":', ',"note":"', '"}']
  // A snowman takes three bytes, and makes two of each character beside it.
  const first = rest === 'wide text' ? '\u2603' : ''
  const inLeaf = countsOf(leaf)
  // The document itself, and the names of all contracts.
  const left = { containers: MAX_JSON.containers - 1, values: MAX_JSON.values - 3, names: MAX_JSON.names - 10 }
  let [remaining, number] = [bytes - head.length - middle.length - tail.length - 3, 0]
  const take = (what: typeof left) => {
    for (const key of ['containers', 'values', 'names'] as const) left[key] -= what[key]
  }
  const isFull = () => isTaken && Object.values(left).some((count) => count < 10)
  const fill = (depth: number): string => {
    const level = levels[depth]
    if (!level) {
      const text = leaf.replaceAll('#', () => String(++number + 1_000))
      remaining -= text.length
      take(inLeaf)
      return text
    }
    remaining -= 2
    take({ containers: 1, values: 1, names: 0 })
    const max = depth === levels.length - 1 ? MAX_JSON.elements : width
    const parts: string[] = []
    const min = 2 * (levels.length - depth) + leaf.length + 21 + (level === 'object' ? nameLength + 9 : 1)
    for (let i = 0; i < max && remaining > min && !isFull(); i++) {
      const own = hasOwnNames ? ++number : i
      const name = level === 'object' ? `"${String(own).padStart(nameLength, 'n')}":` : ''
      if (name && (hasOwnNames || depth === levels.length - 1)) left.names--
      remaining -= name.length + 1
      parts.push(name + fill(depth + 1))
    }
    return level === 'object' ? `{${parts.join()}}` : `[${parts.join()}]`
  }
  const rows = fill(0)
  const note = Math.max(0, remaining)
  return rest === 'blanks'
    ? `${head}${rows}}${' '.repeat(note)}`
    : `${head}${rows}${middle}${first}${'a'.repeat(note)}${tail}`
}
