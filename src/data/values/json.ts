import { types } from 'node:util'
import { ValueError, type ValueType } from './value-type.ts'

/** How values of `json` are read and written. */
export const json = jsonType('json')
/** How values of `jsonb` are read and written. */
export const jsonb = jsonType('jsonb')

function jsonType(name: string): ValueType {
  return {
    name,
    accepts: 'what JSON can carry',
    holdsArrays: true,
    read: readJson,
    write: (value) => {
      // Some strings are JSON already, and others are not: neither may be mistaken for the other.
      if (typeof value !== 'string') return writeJson(value)
      const sentence = `a string, which may be JSON or a value of JSON: write sql.json(value) for a JSON string, or \${text}::text::${name} for text that is JSON`
      throw new ValueError(sentence)
    },
  }
}

/** Parses JSON. Throws a ValueError where a number in it has more digits than a number of JavaScript holds. */
function readJson(text: string): unknown {
  return MAY_LOSE_DIGITS.test(text) ? JSON.parse(text, checkNumber) : JSON.parse(text)
}

/** Text with fewer digits and no exponent is parsed without a reviver, which costs several times the parsing. */
const MAY_LOSE_DIGITS = /[\d.]{16}|\d[eE][-+\d]/

/** `source` is the text of a number or another primitive value (ES2026). */
function checkNumber(_key: string, value: unknown, { source }: { readonly source?: string } = {}): unknown {
  if (typeof value === 'number' && source !== undefined && decimalOf(source) !== decimalOf(String(value)))
    throw new ValueError('a number in it has more digits than one of JavaScript; select that member as text (->>)')
  return value
}

/** The canonical spelling of a decimal: its digits without leading and trailing zeros, and its exponent. */
function decimalOf(source: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(source) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (whole === '') return source
  return significant && `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}

/**
 * Writes a value as JSON. Throws a ValueError for what JSON.stringify would leave out or change: NaN, a Map, an instance of
 * a class without toJSON, undefined in an array, bytes, U+0000. A member that is undefined is left out.
 */
export function writeJson(value: unknown): string {
  try {
    // A string: checkMember refuses a top value for which JSON.stringify returns undefined.
    return JSON.stringify(value, checkMember) as string
  } catch (error) {
    if (error instanceof ValueError) throw error
    throw new ValueError('what JSON cannot carry: it has itself for a member, or its toJSON fails', { cause: error })
  }
}

/** A replacer: called with each holder and key, for the top value with an empty key; `member` is what toJSON returned. */
function checkMember(this: Readonly<Record<string, unknown>>, key: string, member: unknown): unknown {
  const given = this[key]
  const issue = findUnserializable(given, member)
  const isAbsent = member === undefined && given === undefined && !Array.isArray(this) && key !== ''
  if (issue && !isAbsent) throw new ValueError(`what JSON cannot carry: ${issue}${atKey(key)}`)
  if (!isStorable(key)) throw new ValueError(`what JSON cannot carry: a name with ${UNSTORABLE}`)
  return member
}

const atKey = (key: string) => (key === '' ? '' : ` at ${JSON.stringify(key)}`)

const UNSTORABLE = 'U+0000 or half of a surrogate pair'

/** Whether Postgres can store the text: no U+0000, no half of a surrogate pair. */
export const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')

function findUnserializable(given: unknown, member: unknown): string | undefined {
  if (ArrayBuffer.isView(given)) return 'bytes (write them as base64)'
  if (member === null && given !== null) return 'an invalid time'
  switch (typeof member) {
    case 'string':
      return isStorable(member) ? undefined : `a string with ${UNSTORABLE}`
    case 'number':
      return Number.isFinite(member) ? undefined : String(member)
    case 'boolean':
      return undefined
    case 'object':
      return member === null || Array.isArray(member) || isPlain(member) ? undefined : classOf(member)
    default:
      return `${member === undefined ? '' : 'a '}${typeof member}`
  }
}

/** Whether an object is a plain one, of any realm. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || (Object.getPrototypeOf(prototype) === null && !types.isMap(value) && !types.isSet(value))
}

/** The name of an object's class, with an article. */
export function classOf(value: object): string {
  const tag: unknown = Reflect.get(value, Symbol.toStringTag)
  const made: unknown = Reflect.get(value, 'constructor')
  const name = typeof tag === 'string' ? tag : typeof made === 'function' && made.name
  return name ? `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}` : 'an object of no class'
}
