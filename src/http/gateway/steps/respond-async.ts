import { randomUUID } from 'node:crypto'
import type { NewInvocation } from '../../../kernel/index.ts'
import { claimOf, toAnswer } from '../claim.ts'
import { type Exchange, routeOf } from '../exchange.ts'
import { invocationPath } from '../own-route.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayPorts } from '../ports.ts'

/**
 * Keeps a request whose caller prefers not to wait (RFC 7240) and answers 202 with the address of its state. A repeated
 * Idempotency-Key gets the same 202, also where the endpoint asks for none.
 */
export function respondAsync({ invocations }: Pick<GatewayPorts, 'invocations'>): Step {
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
    return toAnswer(await invocations.accept(invocation, { claim: claimOf(exchange), answer, signal })) ?? answer
  }
}

const QUOTED = /"(?:[^"\\]|\\.)*"/g

/** Whether the caller of an endpoint that can be called so sends `Prefer: respond-async`; how long it would wait is ignored. */
export function prefersAsync(exchange: Exchange): boolean {
  const prefer = exchange.headers.prefer?.join() ?? ''
  if (prefer === '' || !routeOf(exchange).async) return false
  const names = prefer.replaceAll(QUOTED, '').split(',')
  return names.some((name) => name.split(/[;=]/, 1).join().trim().toLowerCase() === 'respond-async')
}

function toInvocation(exchange: Exchange): NewInvocation {
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
