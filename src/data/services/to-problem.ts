import type { Call, Result } from '../../client/call.ts'
import type { CallData } from '../../client/call-data.ts'
import { Problem } from '../../contract/index.ts'
import type { ProblemOptions } from '../../contract/problem.ts'
import type { IdentityRefusal } from '../../protocol/index.ts'
import { HttpError } from '../http-client/response.ts'

type Refused = Exclude<Result<Call>, { readonly ok: true }>

/** What is as true of the request that the call was made for: its caller may not, or may try again. */
const PASSED_ON = new Set([
  ...['forbidden', 'tenant_required', 'precondition_failed', 'precondition_required'],
  ...['in_progress', 'unavailable', 'outcome_unknown', 'deadline_exceeded'],
])

/** A failure that the contract declares, to be returned. Throws any other one. */
export function toFailure(
  { name, failures = {} }: CallData,
  refused: Refused,
  { isPlaced }: { readonly isPlaced: boolean },
): Problem & { readonly ok: false } {
  const { error, message, details } = refused
  const { status = 502, retryAfterSeconds, data } = refused as Partial<ProblemOptions> & { readonly status?: number }
  const options: ProblemOptions = { details, data, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) }
  if (Object.hasOwn(failures, error))
    return Object.assign(new Problem(error, status, message, options), { ok: false as const })
  // A key that follows from the caller's own and the place alone was used by the caller for something else.
  if (PASSED_ON.has(error) || (isPlaced && error === 'idempotency_mismatch'))
    throw new Problem(error, status, message, options)
  const cause = new Error(`it answered ${status} ${error}: ${message}${describe(details)}`)
  if (status === 503 || status === 504) throw unavailable(name, { cause, retryAfterSeconds: retryAfterSeconds ?? 1 })
  if (status >= 500 || error === 'not_found' || error === 'unexpected_answer') throw badGateway(name, cause)
  // It was called otherwise than its contract says: an error of the handler, or of its version.
  throw new Error(`${name} was called otherwise than it expects`, { cause })
}

/** What ends a request whose call has no usable response. */
export function toProblem(error: unknown, name: string, signal: AbortSignal): unknown {
  if (!(error instanceof HttpError)) return error
  if (error.code === 'aborted') return signal.reason ?? error
  if (error.code === 'timeout') return deadlineExceeded(name, error)
  if (error.code === 'breaker_open') return unavailable(name, { cause: error, retryAfterSeconds: 5 })
  return badGateway(name, error)
}

/** What ends a request whose identity the function refuses: its caller did nothing wrong. */
export function refusalToProblem({ reason }: IdentityRefusal, name: string): Problem {
  const cause = new Error(`it refuses the identity that it is called with (${reason})`)
  // It learns of a new key a moment later.
  if (reason === 'ERR_JWKS_NO_MATCHING_KEY') return unavailable(name, { cause, retryAfterSeconds: 1 })
  return badGateway(name, cause)
}

// Which function it was, stands in the log: callers from outside know of none but the one that they have called.

export const deadlineExceeded = (name: string, cause?: unknown) =>
  new Problem('deadline_exceeded', 504, 'What this request needs was not there in time.', {
    cause: because(name, cause),
  })

const unavailable = (name: string, { cause, retryAfterSeconds }: Unavailable) =>
  new Problem('unavailable', 503, 'What this request needs cannot be reached right now.', {
    ...{ cause: because(name, cause), retryAfterSeconds },
  })

const badGateway = (name: string, cause: unknown) =>
  new Problem('bad_gateway', 502, 'What this request needs gave no usable answer.', { cause: because(name, cause) })

interface Unavailable {
  readonly cause: unknown
  readonly retryAfterSeconds: number
}

const because = (name: string, cause: unknown) => new Error(`the call of ${name} failed`, { cause })

const describe = (details: Refused['details']) => details.map(({ path, message }) => `; ${path}: ${message}`).join('')
