/** A body in few words: containers in containers, down to one value that is written again and again. */
export interface Shape {
  /** From outside in. */
  readonly levels: readonly ('array' | 'object')[]
  /** Of each container, but for the innermost ones: as many as there is room for. */
  readonly width: number
  readonly nameLength: number
  readonly leaf: string
}

type Random = () => number

const LEAVES = [
  '0',
  '1.5',
  '-0',
  '""',
  '"a"',
  '"\\u00e9"',
  'null',
  'true',
  '[]',
  '{}',
  '[[]]',
  '{"a":""}',
  '{"name":"","children":[]}',
]
const MAX_ELEMENTS = 10_000

const pick = <T>(of: readonly T[], random: Random): T => of[Math.floor(random() * of.length)] as T
const between = (least: number, most: number, random: Random) => Math.floor(least * (most / least) ** random())

export const randomShape = (random: Random): Shape => ({
  levels: Array.from({ length: between(1, 8, random) }, () => pick(['array', 'object'] as const, random)),
  width: between(1, MAX_ELEMENTS, random),
  nameLength: between(1, 100_000, random),
  leaf: pick(LEAVES, random),
})

/** One that differs in one of its parts. */
export function mutate(shape: Shape, random: Random): Shape {
  const part = pick(['levels', 'width', 'nameLength', 'leaf'] as const, random)
  return { ...shape, [part]: randomShape(random)[part] }
}

/** The JSON of a shape, as much of it as `bytes` has room for. */
export function write({ levels, width, nameLength, leaf }: Shape, bytes: number): string {
  const [head, tail] = ['{"rows":', '}']
  let left = bytes - head.length - tail.length
  const fill = (depth: number): string => {
    const level = levels[depth]
    if (!level) {
      left -= leaf.length
      return leaf
    }
    left -= 2
    const most = depth === levels.length - 1 ? MAX_ELEMENTS : width
    const parts: string[] = []
    const room = 2 * (levels.length - depth) + leaf.length + (level === 'object' ? nameLength + 9 : 1)
    for (let i = 0; i < most && left > room; i++) {
      const name = level === 'object' ? `"${String(i).padStart(nameLength, 'n')}":` : ''
      left -= name.length + 1
      parts.push(name + fill(depth + 1))
    }
    return level === 'object' ? `{${parts.join()}}` : `[${parts.join()}]`
  }
  return head + fill(0) + tail
}
