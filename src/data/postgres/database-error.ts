import { Problem } from '../../contract/index.ts'

/** SQLSTATE classes and codes of a server that cannot be reached or is shutting down. */
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
 * Turns what the driver throws into the Problem that a caller may see: 503 while the database is unavailable or another
 * transaction was first, 504 where the time was over. Any other error is returned as it is.
 */
export function toProblem(error: unknown): unknown {
  if (error instanceof Problem) return error
  if (isUnavailable(error)) return databaseUnavailable(error)
  if (isConflict(error)) {
    return new Problem('unavailable', 503, 'Another request worked on the same data at the same time; send it again.', {
      ...{ cause: error, retryAfterSeconds: 1 },
    })
  }
  if (errorCodeOf(error) === QUERY_CANCELED)
    return new Problem('deadline_exceeded', 504, 'The time for this request is over.', { cause: error })
  return error
}

/** The 503 of a request while the database does not respond. */
export const databaseUnavailable = (cause?: unknown) =>
  new Problem('unavailable', 503, 'The database is not reachable; retry later.', { cause, retryAfterSeconds: 2 })

/** Says what to do where a statement of a request that only reads would write. */
export function toReadOnlyError(error: unknown): unknown {
  if (errorCodeOf(error) !== READ_ONLY) return error
  const sentence = 'a request that only reads (GET, HEAD, or `reads: true`) cannot write; make it a POST, PUT or DELETE'
  return new Error(sentence, { cause: error })
}

/** Whether another transaction was first: the server is well, and the same work may succeed. */
export function isConflict(error: unknown): boolean {
  return CONFLICT.test(errorCodeOf(error)) || (error instanceof Problem && CONFLICT.test(errorCodeOf(error.cause)))
}

/** Whether a statement before this one has failed, and with it the transaction. */
export const isTransactionAborted = (error: unknown): boolean => errorCodeOf(error) === TRANSACTION_ABORTED

/** Whether the database cannot be reached, as opposed to refusing a statement. */
export function isUnavailable(error: unknown): boolean {
  // By shape: an error may come from another realm.
  const { errors, message } = Object(error) as { errors?: unknown; message?: unknown }
  if (Array.isArray(errors) && errors.some(isUnavailable)) return true
  return (
    UNAVAILABLE.test(errorCodeOf(error)) || SOCKET_ERRORS.has(errorCodeOf(error)) || DRIVER_ERRORS.test(String(message))
  )
}

/** The code of an error, such as a SQLSTATE or ECONNRESET; an empty string where it has none. */
export const errorCodeOf = (error: unknown) => String((Object(error) as { code?: unknown }).code ?? '')
