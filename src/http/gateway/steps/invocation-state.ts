import { Problem, problemJson } from '../../../contract/index.ts'
import type { InvocationState, KeptAnswer } from '../../../kernel/index.ts'
import { isOwn } from '../own-route.ts'
import type { Reply, Step } from '../pipeline.ts'
import type { GatewayPorts } from '../ports.ts'

/** Tells the caller of an asynchronous call, and nobody else, what became of it. */
export function invocationState({ invocations }: Pick<GatewayPorts, 'invocations'>): Step {
  return async function invocationState({ route, params, caller }) {
    if (!isOwn(route)) return undefined
    const id = params.id?.[0] ?? ''
    const found = UUID.test(id) ? await invocations.find(id, caller) : undefined
    return found ? tell(found) : NOT_FOUND
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** One sentence for all: it must not tell another caller's call from none. */
const NOT_FOUND = new Problem('not_found', 404, 'You have made no asynchronous call of this id.')

const STATES = { waiting: 'waiting', leased: 'running', done: 'done', dead: 'failed' } as const

function tell(found: InvocationState): Reply {
  const { id, attempts, createdAt, settledAt, state, availableAt, dueInMs } = found
  const waits = state === 'waiting' ? Math.max(1, Math.ceil(dueInMs / 1_000)) : 1
  const final = state === 'done' || state === 'dead'
  const body = {
    ...{ id, function: found.function, state: STATES[state], attempts, createdAt },
    ...(final && settledAt ? { settledAt } : {}),
    ...(state === 'waiting' ? { nextAttemptAt: availableAt } : {}),
    ...(state === 'done' ? { result: toResult(found.answer) } : {}),
    ...(state === 'dead' ? { problem: toProblem(found) } : {}),
  }
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return {
    status: 200,
    headers: final ? headers : { ...headers, 'retry-after': String(waits) },
    body: JSON.stringify(body),
  }
}

/** The function's answer; `bodyLeftOut` where it was too large to keep. */
function toResult(answer: KeptAnswer | undefined) {
  if (!answer) return undefined
  const { status, headers, body } = answer
  if (body === undefined) return { status, headers, bodyLeftOut: true }
  return { status, headers, ...(body.length > 0 ? { body: parse(body) ?? Buffer.from(body).toString() } : {}) }
}

const UNKNOWN = 'The function did not answer; whether its work is done is not known.'
const REFUSED = 'What stands before the function answered in its place.'

/** What the function said; or that it said nothing, which has one of the platform's codes. */
function toProblem({ answer, correlationId }: InvocationState): unknown {
  const said = answer?.body && parse(answer.body)
  if (said !== undefined && typeof Object(said).error === 'string') return said
  const problem = answer ? new Problem('bad_gateway', 502, REFUSED) : new Problem('outcome_unknown', 503, UNKNOWN)
  return JSON.parse(problemJson(problem, correlationId))
}

/** JSON, or undefined where it is none. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}
