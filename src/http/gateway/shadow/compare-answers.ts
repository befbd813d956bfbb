import { parseJson } from '../../json.ts'
import type { Answer } from './keep-answer.ts'

/** Where two answers differ: what is said of it, by the place in the JSON itself, such as `/items/3/price`. */
export type Differences = ReadonlyMap<string, string>

interface CompareOptions {
  /** The paths that a reply of this status may have, as its contract names them. */
  readonly paths: (status: number) => ReadonlySet<string>
  /** The paths that may differ, with all that is in them. */
  readonly mayDiffer: readonly string[]
  /** The headers that are compared, in lower case. */
  readonly headers: readonly string[]
  /** Looks at these places alone. */
  readonly only?: Differences
}

/** More are of no use to anybody. */
const MAX_DIFFERENCES = 1_000
/** What every problem has (src/contract/problem.ts). */
const OF_PROBLEMS: ReadonlySet<string> = new Set(['status', 'error', 'type', 'title', 'message', 'detail', 'details'])

/** Compares two answers by their values, and says where they differ without saying any of the values. */
export function compareAnswers(a: Answer, b: Answer, { paths, mayDiffer, headers, only }: CompareOptions): Differences {
  const found = new Map<string, string>()
  const add = (place: string, path: string, how: string) => {
    if (found.size >= MAX_DIFFERENCES || (only && !only.has(place))) return
    if (!mayDiffer.some((allowed) => path === allowed || path.startsWith(`${allowed}.`)))
      found.set(place, `${path}: ${how}`)
  }
  if (a.status !== b.status) {
    add('status', 'status', `${b.status} in place of ${a.status}`)
    return found
  }
  for (const name of headers)
    if (String(a.headers[name]) !== String(b.headers[name])) add(`header ${name}`, name, 'another value')
  const [one, other] = [parseJson(a.body), parseJson(b.body)]
  const known = a.status < 400 ? paths(a.status) : OF_PROBLEMS
  if ('value' in one && 'value' in other) walk(one.value, other.value, { known, add })
  else if (Buffer.compare(a.body, b.body) !== 0) add('body', 'body', 'other bytes')
  return found
}

interface Walk {
  readonly known: ReadonlySet<string>
  readonly add: (place: string, path: string, how: string) => void
}

function walk(a: unknown, b: unknown, { known, add }: Walk, place = '', path = '') {
  if (Object.is(a, b)) return
  const shown = path || 'body'
  if (kindOf(a) !== kindOf(b)) return add(place, shown, `${kindOf(b)} in place of ${kindOf(a)}`)
  if (!isBranch(a) || !isBranch(b)) return add(place, shown, `another ${kindOf(b)}`)
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length)
    add(place, shown, b.length > a.length ? 'more elements' : 'fewer elements')
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const within = `${place}/${name}`
    const named = nameIn(known, path, name)
    const [isInA, isInB] = [Object.hasOwn(a, name), Object.hasOwn(b, name)]
    if (isInA && isInB) walk(a[name], b[name], { known, add }, within, named)
    // That an element is missing, the length of its array has said.
    else if (!Array.isArray(a)) add(within, named, isInA ? 'missing' : 'added')
  }
}

const isBranch = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** As its contract names it: any other name, such as that of an entry of a record, is a value of its own. */
function nameIn(known: ReadonlySet<string>, path: string, name: string) {
  const prefix = path === '' ? '' : `${path}.`
  return known.has(prefix + name) ? prefix + name : `${prefix}*`
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'list' : typeof value
}
