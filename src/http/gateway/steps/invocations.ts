import { randomUUID } from 'node:crypto'
import { Problem, problemJson, type Route } from '../../../contract/index.ts'
import {
  type InvocationResponse,
  type InvocationState,
  type NewInvocation,
  POSITION_HEADER,
} from '../../../protocol/index.ts'
import { type GatewayContext, prefersAsync, type Reply, routeOf, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { byRunning, explained } from '../explanation.ts'
import { claimOf, claimToOutcome } from './replay.ts'

/** Where callers read the state of an asynchronous call: a route of the gateway's own, which no contract may have. */
export const INVOCATION_ROUTE: Route = Object.freeze({
  ...{ kind: 'endpoint', name: '_invocations', summary: 'Tell what became of an asynchronous call.' },
  ...{ method: 'GET', path: '/v1/invocations/{id}', headers: [], hasBody: false, maxBodyBytes: 0 },
  ...{
    scopes: [],
    owner: false,
    policy: false,
    anonymous: false,
    idempotent: false,
    async: false,
    readOnly: true,
    emits: [],
  },
  ...{ timeoutMs: 10_000, scale: { max: 1, concurrency: 1 }, secrets: [] },
} as const)

export const isInvocationRoute = (route: Route | undefined): boolean => route === INVOCATION_ROUTE

/**
 * Stores a request whose caller prefers not to wait (RFC 7240), and answers 202 with the path of its state. A repeated
 * Idempotency-Key gets the same 202, also where the endpoint requires none.
 */
export function respondAsync({ invocations }: Pick<GatewayDependencies, 'invocations'>): Step {
  async function accept(context: GatewayContext) {
    const invocation = toInvocation(context)
    const { id } = invocation
    const location = INVOCATION_ROUTE.path.replace('{id}', id)
    const response = {
      status: 202,
      headers: { 'content-type': 'application/json', location, 'preference-applied': 'respond-async' },
      body: Buffer.from(JSON.stringify({ id, state: 'waiting', location })),
    }
    const { signal } = context
    const result = await invocations.accept(invocation, { claim: claimOf(context), response, signal })
    return claimToOutcome(result) ?? response
  }
  const step: Step = function respondAsync(context) {
    return prefersAsync(context) ? accept(context) : undefined
  }
  return explained(step, (context) => {
    if (prefersAsync(context))
      return { outcome: ACCEPTED, why: 'It would be stored for the relay to call the function later.' }
    return {
      why: routeOf(context).async
        ? 'The caller waits: it sends no Prefer: respond-async.'
        : 'The route has no asynchronous calls.',
    }
  })
}

const ACCEPTED: Reply = { status: 202, headers: {}, body: '' }

function toInvocation(context: GatewayContext): NewInvocation {
  const { caller, path, query, headers, body, correlationId, traceparent } = context
  const route = routeOf(context)
  const forwarded = ['content-type', ...route.headers].flatMap((name) =>
    headers[name] === undefined ? [] : [[name, headers[name].join(', ')]],
  )
  return {
    ...{ id: randomUUID(), caller, function: route.name, method: context.method, target: path + query },
    ...{ headers: Object.fromEntries(forwarded), body, correlationId, traceparent },
  }
}

/** Returns the state of an asynchronous call to its caller, and to no other. */
export function invocationState({ invocations }: Pick<GatewayDependencies, 'invocations'>): Step {
  async function tell({ params, caller }: GatewayContext) {
    const id = params.id?.[0] ?? ''
    const found = UUID.test(id) ? await invocations.find(id, caller) : undefined
    return found ? stateReply(found) : NOT_FOUND
  }
  const step: Step = function invocationState(context) {
    return isInvocationRoute(context.route) ? tell(context) : undefined
  }
  return byRunning(step, () => 'It does not ask for the state of an asynchronous call.')
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** One sentence for both cases: it must not reveal that another caller's call exists. */
const NOT_FOUND = new Problem('not_found', 404, 'You have made no asynchronous call of this id.')

/** The states of the store in the words of the API: a caller knows neither leases nor dead letters. */
const STATES = { waiting: 'waiting', leased: 'running', done: 'done', dead: 'failed' } as const

function stateReply(found: InvocationState): Reply {
  const { id, attempts, createdAt, settledAt, state, availableAt, dueInMs } = found
  const retryAfterSeconds = state === 'waiting' ? Math.max(1, Math.ceil(dueInMs / 1_000)) : 1
  const final = state === 'done' || state === 'dead'
  const body = {
    ...{ id, function: found.function, state: STATES[state], attempts, createdAt },
    ...(final && settledAt ? { settledAt } : {}),
    ...(state === 'waiting' ? { nextAttemptAt: availableAt } : {}),
    ...(state === 'done' ? { result: resultOf(found.response) } : {}),
    ...(state === 'dead' ? { problem: problemOf(found) } : {}),
  }
  const position = found.response?.headers[POSITION_HEADER]
  const headers = {
    ...{ 'content-type': 'application/json', 'cache-control': 'no-store' },
    ...(position === undefined ? {} : { [POSITION_HEADER]: position }),
  }
  return {
    status: 200,
    headers: final ? headers : { ...headers, 'retry-after': String(retryAfterSeconds) },
    body: JSON.stringify(body),
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

const UNKNOWN_OUTCOME = 'The function did not answer; whether its work is done is not known.'
const PROXY_ANSWERED = 'A proxy in front of the function answered in its place.'

/** The function's own Problem, or one of the platform's where it sent none. */
function problemOf({ response, correlationId }: InvocationState): unknown {
  const body = response?.body && parseJsonOrUndefined(response.body)
  if (body !== undefined && typeof Object(body).error === 'string') return body
  const problem = response
    ? new Problem('bad_gateway', 502, PROXY_ANSWERED)
    : new Problem('outcome_unknown', 503, UNKNOWN_OUTCOME)
  return JSON.parse(problemJson(problem, correlationId))
}

/** The parsed JSON; undefined where it is malformed. */
function parseJsonOrUndefined(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}
