import { inspect } from 'node:util'
import { startInfo } from '../start/start-info.ts'
import { createBoundedMap, getOrCreate } from './bounded-map.ts'

/** Shorter values are words that occur in many lines. */
const MIN_SECRET_LENGTH = 12

/** API keys, JSON Web Tokens, credentials of the Authorization header, and those in a URL. */
const SECRET_SHAPES = [
  'ebb_live_[0-9A-Za-z]{32}_[0-9a-f]{8}',
  String.raw`\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*`,
  String.raw`(?<=\b(?:Bearer|Basic) )[\w+/=.~-]{16,}`,
  String.raw`(?<=:\/\/)[^\s"'/@]+(?=@)`,
]
const REDACTED = '[redacted]'
/** Values that rotate add up in a process that runs for months. */
const MAX_SECRETS = 500

/** Each of those shapes contains one of these, and searching for them costs a fraction of the pattern. */
const SHAPE_SIGNS = ['ebb_live_', 'eyJ', 'Bearer ', 'Basic ', '://']

let secretValues: readonly string[] = []
let secretPattern = new RegExp(SECRET_SHAPES.join('|'), 'g')

/** Redacts these values in all that this process logs from now on, where they have at least 12 characters. */
export function registerSecrets(...values: readonly (string | undefined)[]): void {
  const long = values.filter((value): value is string => (value?.length ?? 0) >= MIN_SECRET_LENGTH)
  // As it is, and as it is within JSON.
  const texts = new Set(long.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]))
  const fresh = [...texts].filter((text) => !secretValues.includes(text))
  if (fresh.length === 0) return
  // What has been replaced often enough is no longer in use anywhere.
  secretValues = [...secretValues, ...fresh].slice(-MAX_SECRETS)
  // The longest first: one may be the beginning of another.
  const sorted = secretValues.toSorted((a, b) => b.length - a.length)
  secretPattern = new RegExp([...sorted.map((value) => RegExp.escape(value)), ...SECRET_SHAPES].join('|'), 'g')
}

/** Whether a text, or JSON, holds a value that was passed to `registerSecrets`. */
export const containsSecret = (text: string | Buffer): boolean => secretValues.some((value) => text.includes(value))

/** Lines of JSON, or any text, without the values that are secret by their shape or by `registerSecrets`. */
export function redactSecrets(lines: string): string {
  const isIn = (text: string) => lines.includes(text)
  return SHAPE_SIGNS.some(isIn) || secretValues.some(isIn) ? lines.replace(secretPattern, REDACTED) : lines
}

/** Whether a text is secret by its shape: an API key, a token, a URL with a password, or a private key. */
export const isSecretText = (text: string): boolean =>
  new RegExp(SECRET_SHAPES.join('|')).test(text) || /-----BEGIN [A-Z ]*PRIVATE KEY-----|"d"\s*:\s*"/.test(text)

type Fields = Readonly<Record<string, unknown>>

const SECRET_NAME =
  /(authorization|cookies?|passwords?|passwd|passphrase|secrets?|tokens?|credentials?|(api|private|access|admin)[-_]?keys?)$/i
const MAX_DEPTH = 10
/** Of an array, or of the fields of an object. */
const MAX_ITEMS = 1_000
const MAX_CAUSES = 5

const MAX_NAMES = 1_000
const secretNames = /* @__PURE__ */ createBoundedMap<string, boolean>(MAX_NAMES)

/** Field names are few, and are checked in each line. */
const isSecretName = (name: string): boolean => getOrCreate(secretNames, name, () => SECRET_NAME.test(name))

/**
 * The fields of a log line as they may be logged: what has the name of a secret is redacted, at every depth, and of an
 * error only type, message, stack, code and cause remain. `err` may be anything that can be thrown.
 */
export function loggable(fields: Fields): Fields {
  const safe: Record<string, unknown> = {}
  for (const name in fields) {
    const value = fields[name]
    if (name === 'err') safe.err = serializeThrown(value)
    else if (value === undefined) continue
    else if (isSecretName(name)) safe[name] = REDACTED
    else safe[name] = typeof value === 'string' || typeof value === 'number' ? value : serialize(value, 0)
  }
  return safe
}

function serialize(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  try {
    return serializeObject(value, depth)
  } catch {
    // A getter, a toJSON or a proxy threw.
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
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => serialize(item, depth + 1))
  const entries = Object.entries(value).slice(0, MAX_ITEMS)
  return Object.fromEntries(
    entries.map(([name, item]) => [
      name,
      isSecretName(name) && item !== undefined ? REDACTED : serialize(item, depth + 1),
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

/** An error of another realm. */
const isErrorLike = (value: unknown): value is Error =>
  typeof value === 'object' &&
  value !== null &&
  'stack' in value &&
  typeof value.stack === 'string' &&
  'message' in value

/** Its stack is mapped to the sources: source maps are read only here. */
function serializeError(error: Error, depth = 0): Fields {
  const { name, message, stack, cause } = error
  const code = 'code' in error ? serialize(error.code, MAX_DEPTH) : undefined
  const causes = error instanceof AggregateError ? error.errors : cause
  const isLast = causes === undefined || causes === null || depth >= MAX_CAUSES
  return {
    type: error.constructor?.name || name,
    message: String(message),
    ...(typeof stack === 'string' ? { stack: startInfo()?.mapStack(stack) ?? stack } : {}),
    ...(code === undefined ? {} : { code }),
    ...(isLast ? {} : { cause: serializeCause(causes, depth + 1) }),
  }
}

function serializeCause(cause: unknown, depth: number): unknown {
  if (Array.isArray(cause)) return cause.slice(0, MAX_CAUSES).map((item) => serializeCause(item, depth))
  return cause instanceof Error || isErrorLike(cause) ? serializeError(cause, depth) : serialize(cause, 0)
}
