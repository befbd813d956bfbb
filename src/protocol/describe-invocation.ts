import { Problem, problemJson } from '../contract/index.ts'
import { hasEnded, type InvocationResponse, type InvocationState, type InvocationSummary } from './invocation.ts'
import { POSITION_HEADER } from './position.ts'

/** The states of the store in the words of the API: a caller knows neither leases nor dead letters. */
export const STATE_NAMES = {
  waiting: 'waiting',
  leased: 'running',
  done: 'done',
  dead: 'failed',
  cancelled: 'cancelled',
} as const

/** What a call ends with that its caller cancelled. */
export const CALL_CANCELLED = new Problem(
  'call_cancelled',
  409,
  'Its caller cancelled this call before it began; nothing was done.',
)

/** A call as its caller sees it: at its address, as an event, and in its callback. */
export function describeInvocation(found: InvocationState): Readonly<Record<string, unknown>> {
  const { state, availableAt, callback } = found
  return {
    ...summarizeInvocation(found),
    ...(state === 'waiting' ? { nextAttemptAt: availableAt } : {}),
    ...(state === 'done' ? { result: resultOf(found.response) } : {}),
    ...(state === 'dead' ? { problem: problemOf(found) } : {}),
    ...(callback ? { callback: { ...callback, state: STATE_NAMES[callback.state] } } : {}),
  }
}

/** The same without what came of it, as in a list. */
export function summarizeInvocation(found: InvocationSummary): Readonly<Record<string, unknown>> {
  const { id, state, attempts, createdAt, settledAt } = found
  return {
    ...{ id, function: found.function, state: STATE_NAMES[state], attempts, createdAt },
    ...(hasEnded(found) && settledAt ? { settledAt } : {}),
  }
}

/** The function's response; `bodyLeftOut` where its body was too large to store. */
function resultOf(response: InvocationResponse | undefined) {
  if (!response) return undefined
  const { status, body } = response
  const { [POSITION_HEADER]: _position, ...headers } = response.headers
  if (body === undefined) return { status, headers, bodyLeftOut: true }
  return {
    status,
    headers,
    ...(body.length > 0 ? { body: parseJsonOrUndefined(body) ?? Buffer.from(body).toString() } : {}),
  }
}

/** The function's own problem, or one of the platform's where it sent none. */
function problemOf(found: InvocationState): unknown {
  return ownProblemOf(found) ?? JSON.parse(problemJson(failureOf(found), found.correlationId))
}

/** The problem that the function itself ended a call with; undefined where it did not. */
export function ownProblemOf({ response }: InvocationState): object | undefined {
  const body = response?.body && parseJsonOrUndefined(response.body)
  return typeof Object(body).error === 'string' ? Object(body) : undefined
}

/** The platform's problem where the function sent none. */
export const failureOf = ({ response }: InvocationState): Problem => (response ? PROXY_ANSWERED : UNKNOWN_OUTCOME)

const UNKNOWN_OUTCOME = new Problem(
  'outcome_unknown',
  503,
  'The function did not answer; whether its work is done is not known.',
)
const PROXY_ANSWERED = new Problem('bad_gateway', 502, 'A proxy in front of the function answered in its place.')

/** The parsed JSON; undefined where it is malformed. */
function parseJsonOrUndefined(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}
