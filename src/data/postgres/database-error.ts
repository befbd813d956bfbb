import { Problem } from '../../contract/index.ts'

/** SQLSTATE classes and codes of a server that cannot be reached or is about to go. */
const UNAVAILABLE = /^(08|53|57P0[1-5])/
/** Serialization failure, deadlock, lock not available: another transaction was there first. */
const CONFLICT = /^(40001|40P01|55P03)$/
const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
const DRIVER_ERRORS =
  /timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered a connection error|not queryable/
const QUERY_CANCELED = '57014'
const READ_ONLY = '25006'
const TRANSACTION_ABORTED = '25P02'

/**
 * Turns what the driver throws into what a caller may see: 503 while the database is away or another transaction was
 * first, 504 where the time was over, else the fault itself.
 */
export function toProblem(fault: unknown): unknown {
  if (fault instanceof Problem) return fault
  const code = codeOf(fault)
  if (isUnavailable(fault)) {
    return databaseUnavailable(fault)
  }
  if (isConflict(fault)) {
    return new Problem('unavailable', 503, 'Another request worked on the same data at the same time; send it again.', {
      ...{ cause: fault, retryAfterSeconds: 1 },
    })
  }
  if (code === QUERY_CANCELED)
    return new Problem('deadline_exceeded', 504, 'The time for this request is over.', { cause: fault })
  return fault
}

export const databaseUnavailable = (cause?: unknown) =>
  new Problem('unavailable', 503, 'The database is not reachable just now.', { cause, retryAfterSeconds: 2 })

/** Names the way out where a statement of a request that only reads would write. */
export function toReadOnlyError(fault: unknown): unknown {
  if (codeOf(fault) !== READ_ONLY) return fault
  const sentence = 'a request that only reads (GET, HEAD, or `reads: true`) cannot write; make it a POST, PUT or DELETE'
  return new Error(sentence, { cause: fault })
}

/** Whether another transaction was first: the server is well, and the same work may succeed. */
export function isConflict(fault: unknown): boolean {
  return CONFLICT.test(codeOf(fault)) || (fault instanceof Problem && CONFLICT.test(codeOf(fault.cause)))
}

/** Whether a statement before this one has failed, and with it the transaction. */
export const isTransactionAborted = (fault: unknown): boolean => codeOf(fault) === TRANSACTION_ABORTED

/** Whether the database is out of reach, as opposed to refusing a statement. */
export function isUnavailable(fault: unknown): boolean {
  // By shape: a fault may come from another realm.
  const { errors, message } = Object(fault) as { errors?: unknown; message?: unknown }
  if (Array.isArray(errors) && errors.some(isUnavailable)) return true
  return UNAVAILABLE.test(codeOf(fault)) || SOCKET_ERRORS.has(codeOf(fault)) || DRIVER_ERRORS.test(String(message))
}

const codeOf = (fault: unknown) => String((Object(fault) as { code?: unknown }).code ?? '')
