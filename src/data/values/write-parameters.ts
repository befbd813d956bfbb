import { classOf, isPlain, isStorable } from './json.ts'
import { ValueError, type ValueType, type WireValue } from './value-type.ts'

/** A statement with its parameters, as it was written. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  /** An SQL tool's: a string is the text of any type, JSON too, and columns may have one name. Default: no. */
  readonly isTools?: boolean
}

/** Writes each parameter as its type. Throws a ValueError that names the parameter where a value would change. */
export function writeParameters(
  { text, values, isTools }: Statement,
  types: readonly ValueType[],
): (WireValue | null)[] {
  return values.map((value, i) => {
    const type = types[i]
    // The warm-up's in-memory server knows no types.
    if (value === null || !type) return null
    try {
      const isText = isTools && typeof value === 'string' && type.name !== 'bytea'
      return checkWritten(isText ? value : type.write(value), type, value)
    } catch (error) {
      if (!(error instanceof ValueError)) throw error
      throw new ValueError(`${describeParameter(text, i + 1, type.name)} is ${error.message}`, { cause: error.cause })
    }
  })
}

/** Throws a ValueError for a value that no type accepts: for that, the statement need not be described. */
export function refuseUnsendable({ text, values }: Statement): void {
  values.forEach((value, i) => {
    const what = findUnsendable(value)
    if (what) throw new ValueError(`${describeParameter(text, i + 1)} is ${what}`)
  })
}

const CONTEXT_LENGTH = 40

/** Describes a parameter: its number, its type where that is known, and the text before it. */
export function describeParameter(text: string, number: number, type?: string): string {
  const found = new RegExp(`\\$${number}(?!\\d)`).exec(text)
  const end = found ? found.index + found[0].length : 0
  const near = text
    .slice(Math.max(end - CONTEXT_LENGTH, 0), end)
    .replaceAll(/\s+/g, ' ')
    .trim()
  return `parameter $${number} (${type ? `${type}, ` : ''}near \`${near}\`)`
}

/** What is wrong with a value that no type accepts, as the end of a sentence; undefined where nothing is. */
export function findUnsendable(value: unknown): string | undefined {
  if (value === undefined) return 'undefined: where NULL is meant, give null, as in `value ?? null`'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value !== 'object' || value === null) return undefined
  if (typeof Reflect.get(value, 'then') === 'function')
    return 'a promise: await it first; a part of a statement is written with sql.fragment`…`'
  if (value instanceof Map || value instanceof Set) return 'a Map or a Set: give an array, or sql.json() of one'
  return undefined
}

/** Returns what is sent for a value. Throws a ValueError where its type does not accept it, or Postgres could not store it. */
export function checkWritten(sent: WireValue | undefined, type: ValueType, value: unknown): WireValue {
  if (sent === undefined)
    throw new ValueError(`${describeValue(value)}, and ${type.name} takes ${type.accepts}${hintFor(type, value)}`)
  if (typeof sent === 'string' && !isStorable(sent))
    throw new ValueError('a text with U+0000 or half of a surrogate pair, which Postgres does not store')
  return sent
}

/** Names the kind of a value, without the value: it may be a secret that must not be logged. */
function describeValue(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`
  return isPlain(value) ? 'an object' : classOf(value)
}

function hintFor(type: ValueType, value: unknown): string {
  if (Array.isArray(value)) return '; to compare with each element, write = any(…)'
  // A parameter whose type the server cannot infer is text to it.
  return type.name === 'text' ? '; where another type is meant, cast it, as in …::int8' : ''
}
