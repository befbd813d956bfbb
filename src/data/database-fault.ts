import { Problem } from '../contract/index.ts'

/** SQLSTATE classes and codes after which the same request may well succeed in a moment. */
const PASSING = /^(08|53|57P0[1-5]|40001|40P01|55P03)/
const SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
const POOL =
  /timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered a connection error|not queryable/
const QUERY_CANCELED = '57014'

/** Turns what the driver throws into what a caller may see: 503 while the database is away, else the fault itself. */
export function toProblem(fault: unknown): unknown {
  if (fault instanceof Problem) return fault
  const code = codeOf(fault)
  if (isAway(fault)) {
    return new Problem('unavailable', 503, 'The database is not reachable just now.', {
      cause: fault,
      retryAfterSeconds: 2,
    })
  }
  if (code === QUERY_CANCELED)
    return new Problem('deadline_exceeded', 504, 'The time for this request is over.', { cause: fault })
  return fault
}

/** Whether the database is out of reach, as opposed to refusing a statement. */
export function isAway(fault: unknown): boolean {
  // By shape: a fault may come from another realm.
  const { errors, message } = Object(fault) as { errors?: unknown; message?: unknown }
  if (Array.isArray(errors) && errors.some(isAway)) return true
  return PASSING.test(codeOf(fault)) || SOCKET.has(codeOf(fault)) || POOL.test(String(message))
}

const codeOf = (fault: unknown) => String((Object(fault) as { code?: unknown }).code ?? '')
