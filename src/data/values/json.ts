import { types } from 'node:util'
import { ValueError, type ValueType } from './value-type.ts'

export const json = jsonType('json')
export const jsonb = jsonType('jsonb')

function jsonType(name: string): ValueType {
  return {
    name,
    accepts: 'what JSON can carry',
    holdsArrays: true,
    read: readJson,
    write: (value) => {
      // Many a string is JSON already, and as many are not: neither may be taken for the other.
      if (typeof value !== 'string') return writeJson(value)
      const sentence = `a string, which may be JSON or a value of JSON: write sql.json(value) for a JSON string, or \${text}::text::${name} for text that is JSON`
      throw new ValueError(sentence)
    },
  }
}

/** What JSON says. Throws a ValueFault where a number in it has digits that a number of JavaScript has not. */
function readJson(text: string): unknown {
  return MAY_LOSE_DIGITS.test(text) ? JSON.parse(text, checkNumber) : JSON.parse(text)
}

/** Whatever has fewer digits and no exponent is read as it is; a reviver costs several times the parsing. */
const MAY_LOSE_DIGITS = /[\d.]{16}|\d[eE][-+\d]/

/** `source` is the text of a number or another plain value (ES2026). */
function checkNumber(_key: string, value: unknown, { source }: { readonly source?: string } = {}): unknown {
  if (typeof value === 'number' && source !== undefined && decimalOf(source) !== decimalOf(String(value)))
    throw new ValueError('a number in it has more digits than one of JavaScript; select that member as text (->>)')
  return value
}

/** One spelling for each decimal: its digits without zeros around them, and where the point is. */
function decimalOf(source: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(source) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (whole === '') return source
  return significant && `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}

/**
 * The JSON of a value. Throws a ValueFault for what JSON.stringify would leave out or change: NaN, a Map, an instance of
 * a class without toJSON, undefined in an array, bytes, U+0000. A member that is undefined is one that is not there.
 */
export function writeJson(value: unknown): string {
  try {
    // Text at the top: what has none was refused below.
    return JSON.stringify(value, checkMember) as string
  } catch (fault) {
    if (fault instanceof ValueError) throw fault
    throw new ValueError('what JSON cannot carry: it has itself for a member, or its toJSON fails', { cause: fault })
  }
}

/** Called with each holder and key, the topmost value under an empty one; `member` is what toJSON made of it. */
function checkMember(this: Readonly<Record<string, unknown>>, key: string, member: unknown): unknown {
  const given = this[key]
  const fault = findUnserializable(given, member)
  const isAbsent = member === undefined && given === undefined && !Array.isArray(this) && key !== ''
  if (fault && !isAbsent) throw new ValueError(`what JSON cannot carry: ${fault}${atKey(key)}`)
  if (!isStorable(key)) throw new ValueError(`what JSON cannot carry: a name with ${UNSTORABLE}`)
  return member
}

const atKey = (key: string) => (key === '' ? '' : ` at ${JSON.stringify(key)}`)

const UNSTORABLE = 'U+0000 or half of a surrogate pair'

/** Postgres stores neither. */
const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')

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

/** Of any realm, such as a test's. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || (Object.getPrototypeOf(prototype) === null && !types.isMap(value) && !types.isSet(value))
}

/** What an object is an instance of, with its article. */
export function classOf(value: object): string {
  const tag: unknown = Reflect.get(value, Symbol.toStringTag)
  const made: unknown = Reflect.get(value, 'constructor')
  const name = typeof tag === 'string' ? tag : typeof made === 'function' && made.name
  return name ? `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}` : 'an object of no class'
}
