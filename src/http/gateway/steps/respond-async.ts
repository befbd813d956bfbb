import { randomUUIDv7 } from 'node:crypto'
import { Problem } from '../../../contract/index.ts'
import {
  CALL_CANCELLED,
  failureOf,
  type InvocationState,
  type NewInvocation,
  ownProblemOf,
} from '../../../protocol/index.ts'
import { invalidRequest } from '../../request-problems.ts'
import { callbackOf, findCallbackIssue } from '../callback-address.ts'
import { type GatewayContext, type Outcome, type Reply, routeOf, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { explained } from '../explanation.ts'
import { locationOf } from '../invocation-route.ts'
import { preferencesOf, prefersAsync } from '../prefer.ts'
import { waitForEnd } from '../wait-for-end.ts'
import { claimOf, claimToOutcome } from './replay.ts'

type Dependencies = Pick<GatewayDependencies, 'invocations' | 'callbacks' | 'draining'>

/**
 * Stores a request whose caller prefers not to wait (RFC 7240), and answers 202 with the path of its state; or as the call
 * itself would have, where that ends within the time that the caller waits. A repeated Idempotency-Key gets the same 202,
 * also where the endpoint requires none.
 */
export function respondAsync({ invocations, callbacks, draining }: Dependencies): Step {
  async function accept(context: GatewayContext, callbackUrl: string | undefined) {
    const invocation = { ...toInvocation(context), callbackUrl }
    const { id } = invocation
    const location = locationOf(id)
    const response = {
      status: 202,
      headers: { 'content-type': 'application/json', location, 'preference-applied': 'respond-async' },
      body: Buffer.from(JSON.stringify({ id, state: 'waiting', location })),
    }
    const { signal } = context
    const result = await invocations.accept(invocation, { claim: claimOf(context), response, signal })
    const known = claimToOutcome(result)
    context.deferred = known === undefined
    return wait(context, known ?? response)
  }
  /** By now the call is stored, so that nothing is a failure of this request any more. */
  async function wait(context: GatewayContext, accepted: Outcome): Promise<Outcome> {
    const { waitSeconds = 0 } = preferencesOf(context)
    if (waitSeconds === 0 || accepted instanceof Problem || accepted.status !== 202) return accepted
    const id = String(accepted.headers.location).split('/').at(-1) ?? ''
    const options = { waitMs: waitSeconds * 1_000, signals: [context.signal, draining] }
    const found = await waitForEnd(invocations, { id, caller: context.caller }, options).catch(() => undefined)
    const applied = `wait=${waitSeconds}`
    return (
      (found && asItself(found, { ...replayedOf(accepted), 'preference-applied': applied })) ?? {
        ...accepted,
        headers: { ...accepted.headers, 'preference-applied': `respond-async, ${applied}` },
      }
    )
  }
  const step: Step = function respondAsync(context) {
    const isAsync = prefersAsync(context)
    const callback = callbackOf(context)
    const issue = callback === undefined ? undefined : findCallbackIssue(callback, { rules: callbacks, isAsync })
    if (issue && !routeOf(context).upstream) return invalidRequest([issue])
    return isAsync ? accept(context, callback) : undefined
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

/** The ids grow with time: which calls were made before others can be told by them. */
function toInvocation(context: GatewayContext): NewInvocation {
  const { caller, path, query, headers, body, correlationId, traceparent } = context
  const route = routeOf(context)
  const forwarded = ['content-type', ...route.headers].flatMap((name) =>
    headers[name] === undefined ? [] : [[name, headers[name].join(', ')]],
  )
  return {
    ...{ id: randomUUIDv7(), caller, function: route.name, method: context.method, target: path + query },
    ...{ headers: Object.fromEntries(forwarded), body, correlationId, traceparent },
  }
}

/** The response of a call that has ended, as its caller would have got it; undefined where it has not, or its body was too large to store. */
function asItself(found: InvocationState, added: Reply['headers']): Outcome | undefined {
  const { state, response } = found
  if (state === 'cancelled') return CALL_CANCELLED
  if (state === 'dead' && !ownProblemOf(found)) return failureOf(found)
  if ((state !== 'done' && state !== 'dead') || response?.body === undefined) return undefined
  const { status, headers, body } = response
  return { status, headers: { ...headers, ...added }, body }
}

const replayedOf = ({ headers }: Reply): Reply['headers'] => {
  const replayed = headers['idempotency-replayed']
  return replayed === undefined ? {} : { 'idempotency-replayed': replayed }
}
