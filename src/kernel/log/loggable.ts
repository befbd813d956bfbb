import { inspect } from 'node:util'
import { started } from '../started.ts'
import { REDACTED } from './secret-values.ts'

type Fields = Readonly<Record<string, unknown>>

const SECRET =
  /(authorization|cookies?|passwords?|passwd|passphrase|secrets?|tokens?|credentials?|(api|private|access|admin)[-_]?keys?)$/i
const MAX_DEPTH = 10
/** Of an array, or of the fields of an object. */
const MAX_ITEMS = 1_000
const MAX_CAUSES = 5

const known = new Map<string, boolean>()
const MAX_KNOWN = 1_000

/** Names are few, and are looked at in each line. */
function isSecret(name: string): boolean {
  const before = known.get(name)
  if (before !== undefined) return before
  const secret = SECRET.test(name)
  if (known.size < MAX_KNOWN) known.set(name, secret)
  return secret
}

/**
 * The fields of a log line as they may be told: what has the name of a secret is redacted, at every depth, and of an error
 * only type, message, stack, code and cause stay. `err` may be whatever can be thrown.
 */
export function loggable(fields: Fields): Fields {
  const told: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'err') told.err = tellThrown(value)
    else told[name] = isSecret(name) && value !== undefined ? REDACTED : tell(value, 0)
  }
  return told
}

function tell(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  try {
    return tellObject(value, depth)
  } catch {
    // A getter, toJSON or a proxy that throws.
    return '[unreadable]'
  }
}

function tellObject(value: object, depth: number): unknown {
  if (value instanceof Error) return tellError(value)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (depth >= MAX_DEPTH) return '[too deep]'
  if ('toJSON' in value && typeof value.toJSON === 'function') return tell(value.toJSON(), depth + 1)
  if (value instanceof Map) return tellObject(Object.fromEntries([...value].map(([k, v]) => [String(k), v])), depth)
  if (value instanceof Set) return tellObject([...value], depth)
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((one) => tell(one, depth + 1))
  const entries = Object.entries(value).slice(0, MAX_ITEMS)
  return Object.fromEntries(
    entries.map(([name, one]) => [name, isSecret(name) && one !== undefined ? REDACTED : tell(one, depth + 1)]),
  )
}

/** Anything can be thrown. */
function tellThrown(value: unknown): Fields {
  try {
    if (value instanceof Error || isErrorLike(value)) return tellError(value)
    const type = typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'Object') : typeof value
    const message =
      typeof value === 'string' ? value : inspect(tell(value, 0), { depth: MAX_DEPTH, breakLength: Infinity })
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
function tellError(fault: Error, depth = 0): Fields {
  const { name, message, stack, cause } = fault
  const code = 'code' in fault ? tell(fault.code, MAX_DEPTH) : undefined
  const causes = fault instanceof AggregateError ? fault.errors : cause
  const isLast = causes === undefined || causes === null || depth >= MAX_CAUSES
  return {
    type: fault.constructor?.name || name,
    message: String(message),
    ...(typeof stack === 'string' ? { stack: started()?.explain(stack) ?? stack } : {}),
    ...(code === undefined ? {} : { code }),
    ...(isLast ? {} : { cause: tellCause(causes, depth + 1) }),
  }
}

function tellCause(cause: unknown, depth: number): unknown {
  if (Array.isArray(cause)) return cause.slice(0, MAX_CAUSES).map((one) => tellCause(one, depth))
  return cause instanceof Error || isErrorLike(cause) ? tellError(cause, depth) : tell(cause, 0)
}
