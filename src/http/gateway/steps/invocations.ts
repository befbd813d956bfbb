import { randomUUID } from 'node:crypto'
import { Problem, problemJson, type Route } from '../../../contract/index.ts'
import type { InvocationResponse, InvocationState, NewInvocation } from '../../../protocol/index.ts'
import { type GatewayContext, routeOf } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import type { Reply, Step } from '../pipeline.ts'
import { claimOf, claimToReply } from './replay.ts'

/**
 * Keeps a request whose caller prefers not to wait (RFC 7240) and answers 202 with the address of its state. A repeated
 * Idempotency-Key gets the same 202, also where the endpoint asks for none.
 */
export function respondAsync({ invocations }: Pick<GatewayDependencies, 'invocations'>): Step {
  return async function respondAsync(exchange) {
    if (!prefersAsync(exchange)) return undefined
    const invocation = toInvocation(exchange)
    const { id } = invocation
    const location = invocationPath(id)
    const answer = {
      status: 202,
      headers: { 'content-type': 'application/json', location, 'preference-applied': 'respond-async' },
      body: Buffer.from(JSON.stringify({ id, state: 'waiting', location })),
    }
    const { signal } = exchange
    return (
      claimToReply(await invocations.accept(invocation, { claim: claimOf(exchange), response: answer, signal })) ??
      answer
    )
  }
}

const QUOTED_STRING = /"(?:[^"\\]|\\.)*"/g

/** Whether the caller of an endpoint that can be called so sends `Prefer: respond-async`; how long it would wait is ignored. */
export function prefersAsync(exchange: GatewayContext): boolean {
  const prefer = exchange.headers.prefer?.join() ?? ''
  if (prefer === '' || !routeOf(exchange).async) return false
  const names = prefer.replaceAll(QUOTED_STRING, '').split(',')
  return names.some((name) => name.split(/[;=]/, 1).join().trim().toLowerCase() === 'respond-async')
}

function toInvocation(exchange: GatewayContext): NewInvocation {
  const { caller, request, path, query, headers, body, correlationId, traceparent } = exchange
  const route = routeOf(exchange)
  const kept = ['content-type', ...route.headers].flatMap((name) =>
    headers[name] === undefined ? [] : [[name, headers[name].join(', ')]],
  )
  return {
    ...{ id: randomUUID(), caller, function: route.name, method: request.method ?? '', target: path + query },
    ...{ headers: Object.fromEntries(kept), body, correlationId, traceparent },
  }
}

/** Tells the caller of an asynchronous call, and nobody else, what became of it. */
export function invocationState({ invocations }: Pick<GatewayDependencies, 'invocations'>): Step {
  return async function invocationState({ route, params, caller }) {
    if (!isPlatformRoute(route)) return undefined
    const id = params.id?.[0] ?? ''
    const found = UUID.test(id) ? await invocations.find(id, caller) : undefined
    return found ? stateReply(found) : NOT_FOUND
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** One sentence for all: it must not tell another caller's call from none. */
const NOT_FOUND = new Problem('not_found', 404, 'You have made no asynchronous call of this id.')

const STATES = { waiting: 'waiting', leased: 'running', done: 'done', dead: 'failed' } as const

function stateReply(found: InvocationState): Reply {
  const { id, attempts, createdAt, settledAt, state, availableAt, dueInMs } = found
  const waits = state === 'waiting' ? Math.max(1, Math.ceil(dueInMs / 1_000)) : 1
  const final = state === 'done' || state === 'dead'
  const body = {
    ...{ id, function: found.function, state: STATES[state], attempts, createdAt },
    ...(final && settledAt ? { settledAt } : {}),
    ...(state === 'waiting' ? { nextAttemptAt: availableAt } : {}),
    ...(state === 'done' ? { result: resultOf(found.response) } : {}),
    ...(state === 'dead' ? { problem: problemOf(found) } : {}),
  }
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return {
    status: 200,
    headers: final ? headers : { ...headers, 'retry-after': String(waits) },
    body: JSON.stringify(body),
  }
}

/** The function's answer; `bodyLeftOut` where it was too large to keep. */
function resultOf(answer: InvocationResponse | undefined) {
  if (!answer) return undefined
  const { status, headers, body } = answer
  if (body === undefined) return { status, headers, bodyLeftOut: true }
  return {
    status,
    headers,
    ...(body.length > 0 ? { body: parseJsonOrUndefined(body) ?? Buffer.from(body).toString() } : {}),
  }
}

const UNKNOWN_OUTCOME = 'The function did not answer; whether its work is done is not known.'
const PROXY_ANSWERED = 'What stands before the function answered in its place.'

/** What the function said; or that it said nothing, which has one of the platform's codes. */
function problemOf({ response, correlationId }: InvocationState): unknown {
  const said = response?.body && parseJsonOrUndefined(response.body)
  if (said !== undefined && typeof Object(said).error === 'string') return said
  const problem = response
    ? new Problem('bad_gateway', 502, PROXY_ANSWERED)
    : new Problem('outcome_unknown', 503, UNKNOWN_OUTCOME)
  return JSON.parse(problemJson(problem, correlationId))
}

/** JSON, or undefined where it is none. */
function parseJsonOrUndefined(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}

/** Where the state of an asynchronous call is read: a route of the gateway's own, which no contract may take. */
export const INVOCATION_ROUTE: Route = Object.freeze({
  ...{ kind: 'endpoint', name: '_invocations', summary: 'Tell what became of an asynchronous call.' },
  ...{ method: 'GET', path: '/v1/invocations/{id}', headers: [], hasBody: false, maxBodyBytes: 0 },
  ...{ scopes: [], owner: false, anonymous: false, idempotent: false, async: false, readOnly: true, emits: [] },
  ...{ timeoutMs: 10_000, scale: { max: 1, concurrency: 1 }, secrets: [] },
} as const)

export const isPlatformRoute = (route: Route | undefined): boolean => route === INVOCATION_ROUTE

/** The address of one call's state. */
const invocationPath = (id: string): string => INVOCATION_ROUTE.path.replace('{id}', id)
