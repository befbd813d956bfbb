import { inspect } from 'node:util'
import { startInfo } from '../start/start-info.ts'

/** Shorter ones are words that stand in many lines. */
const MIN_SECRET_LENGTH = 12

/** API keys, JSON Web Tokens, credentials of the Authorization header, and those in a URL. */
const SECRET_SHAPES = [
  'ebb_live_[0-9A-Za-z]{32}_[0-9a-f]{8}',
  String.raw`\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*`,
  String.raw`(?<=\b(?:Bearer|Basic) )[\w+/=.~-]{16,}`,
  String.raw`(?<=:\/\/)[^\s"'/@]+(?=@)`,
]
const REDACTED = '[redacted]'

/** Text of which each of those shapes has one: to look for these costs a fraction of what the pattern does. */
const SHAPE_SIGNS = ['ebb_live_', 'eyJ', 'Bearer ', 'Basic ', '://']

let secretValues: readonly string[] = []
let secretPattern = new RegExp(SECRET_SHAPES.join('|'), 'g')

/** Keeps these out of all that this process logs from here on, from 12 characters. */
export function registerSecrets(...given: readonly (string | undefined)[]): void {
  const long = given.filter((value) => value !== undefined && value.length >= MIN_SECRET_LENGTH)
  const fresh = long.map((value) => JSON.stringify(value).slice(1, -1)).filter((text) => !secretValues.includes(text))
  if (fresh.length === 0) return
  // The longest first: one may begin with another.
  secretValues = [...secretValues, ...fresh].sort((a, b) => b.length - a.length)
  secretPattern = new RegExp([...secretValues.map((value) => RegExp.escape(value)), ...SECRET_SHAPES].join('|'), 'g')
}

/** Lines of JSON without the values that are secret by their shape, or since they were told to be. */
export function redactSecrets(lines: string): string {
  const isIn = (text: string) => lines.includes(text)
  return SHAPE_SIGNS.some(isIn) || secretValues.some(isIn) ? lines.replace(secretPattern, REDACTED) : lines
}

type Fields = Readonly<Record<string, unknown>>

const SECRET_NAME =
  /(authorization|cookies?|passwords?|passwd|passphrase|secrets?|tokens?|credentials?|(api|private|access|admin)[-_]?keys?)$/i
const MAX_DEPTH = 10
/** Of an array, or of the fields of an object. */
const MAX_ITEMS = 1_000
const MAX_CAUSES = 5

const secretNames = new Map<string, boolean>()
const MAX_SECRET_NAMES = 1_000

/** Names are few, and are looked at in each line. */
function isSecretName(name: string): boolean {
  const before = secretNames.get(name)
  if (before !== undefined) return before
  const secret = SECRET_NAME.test(name)
  if (secretNames.size < MAX_SECRET_NAMES) secretNames.set(name, secret)
  return secret
}

/**
 * The fields of a log line as they may be told: what has the name of a secret is redacted, at every depth, and of an error
 * only type, message, stack, code and cause stay. `err` may be whatever can be thrown.
 */
export function loggable(fields: Fields): Fields {
  const told: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'err') told.err = serializeThrown(value)
    else told[name] = isSecretName(name) && value !== undefined ? REDACTED : serialize(value, 0)
  }
  return told
}

function serialize(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  try {
    return serializeObject(value, depth)
  } catch {
    // A getter, toJSON or a proxy that throws.
    return '[unreadable]'
  }
}

function serializeObject(value: object, depth: number): unknown {
  if (value instanceof Error) return serializeError(value)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (depth >= MAX_DEPTH) return '[too deep]'
  if ('toJSON' in value && typeof value.toJSON === 'function') return serialize(value.toJSON(), depth + 1)
  if (value instanceof Map)
    return serializeObject(Object.fromEntries([...value].map(([k, v]) => [String(k), v])), depth)
  if (value instanceof Set) return serializeObject([...value], depth)
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((one) => serialize(one, depth + 1))
  const entries = Object.entries(value).slice(0, MAX_ITEMS)
  return Object.fromEntries(
    entries.map(([name, one]) => [
      name,
      isSecretName(name) && one !== undefined ? REDACTED : serialize(one, depth + 1),
    ]),
  )
}

/** Anything can be thrown. */
function serializeThrown(value: unknown): Fields {
  try {
    if (value instanceof Error || isErrorLike(value)) return serializeError(value)
    const type = typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'Object') : typeof value
    const message =
      typeof value === 'string' ? value : inspect(serialize(value, 0), { depth: MAX_DEPTH, breakLength: Infinity })
    return { type, message }
  } catch {
    return { type: typeof value, message: '[unreadable]' }
  }
}

/** One of another realm. */
const isErrorLike = (value: unknown): value is Error =>
  typeof value === 'object' &&
  value !== null &&
  'stack' in value &&
  typeof value.stack === 'string' &&
  'message' in value

/** With its stack in terms of the sources: their maps are read only here. */
function serializeError(fault: Error, depth = 0): Fields {
  const { name, message, stack, cause } = fault
  const code = 'code' in fault ? serialize(fault.code, MAX_DEPTH) : undefined
  const causes = fault instanceof AggregateError ? fault.errors : cause
  const isLast = causes === undefined || causes === null || depth >= MAX_CAUSES
  return {
    type: fault.constructor?.name || name,
    message: String(message),
    ...(typeof stack === 'string' ? { stack: startInfo()?.mapStack(stack) ?? stack } : {}),
    ...(code === undefined ? {} : { code }),
    ...(isLast ? {} : { cause: serializeCause(causes, depth + 1) }),
  }
}

function serializeCause(cause: unknown, depth: number): unknown {
  if (Array.isArray(cause)) return cause.slice(0, MAX_CAUSES).map((one) => serializeCause(one, depth))
  return cause instanceof Error || isErrorLike(cause) ? serializeError(cause, depth) : serialize(cause, 0)
}
