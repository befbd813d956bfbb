import { types } from 'node:util'
import { ValueFault } from './value-fault.ts'

/**
 * The JSON of a value. Throws a ValueFault for what JSON.stringify would leave out or change: NaN, a Map, an instance of
 * a class without toJSON, undefined in an array, bytes, U+0000. A member that is undefined is one that is not there.
 */
export function writeJson(value: unknown): string {
  try {
    // Text at the top: what has none was refused below.
    return JSON.stringify(value, checkMember) as string
  } catch (fault) {
    if (fault instanceof ValueFault) throw fault
    throw new ValueFault('what JSON cannot carry: it has itself for a member, or its toJSON fails', { cause: fault })
  }
}

/** Called with each holder and key, the topmost value under an empty one; `member` is what toJSON made of it. */
function checkMember(this: Readonly<Record<string, unknown>>, key: string, member: unknown): unknown {
  const given = this[key]
  const fault = faultOf(given, member)
  const isAbsent = member === undefined && given === undefined && !Array.isArray(this) && key !== ''
  if (fault && !isAbsent) throw new ValueFault(`what JSON cannot carry: ${fault}${at(key)}`)
  if (!isStorable(key)) throw new ValueFault(`what JSON cannot carry: a name with ${UNSTORABLE}`)
  return member
}

const at = (key: string) => (key === '' ? '' : ` at ${JSON.stringify(key)}`)

const UNSTORABLE = 'U+0000 or half of a surrogate pair'

/** Postgres stores neither. */
const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')

function faultOf(given: unknown, member: unknown): string | undefined {
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
