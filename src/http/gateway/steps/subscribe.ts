import { type FollowedEvent, Problem } from '../../../contract/index.ts'
import { callerIdOf } from '../../../protocol/index.ts'
import type { Results } from '../../graphql/follow-operation.ts'
import { createErrorWriter } from '../../graphql/write-error.ts'
import { sendEvents } from '../../streams/send-events.ts'
import { type GatewayContext, isAnonymous, type Outcome, type Reply, routeOf, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { explained } from '../explanation.ts'
import { mergeHeaders } from '../headers.ts'
import type { Following } from '../subscriptions.ts'

/** After this, clients come back: what they prove themselves with is looked at again. */
const MAX_STREAM_MS = 300_000

/**
 * Sends the events that a subscription of GraphQL follows (GraphQL over SSE, distinct connections mode), until its caller hangs up, its
 * time is over, or this process ends: no function is called for it.
 */
export function subscribe({
  subscriptions,
  draining,
  log,
}: Pick<GatewayDependencies, 'subscriptions' | 'draining' | 'log'>): Step {
  async function send(context: GatewayContext): Promise<Outcome> {
    const { operation, response, signal, stallTimeoutMs, correlationId } = context
    if (!operation || !subscriptions) throw new Error('this gateway follows no events')
    const { follows = {} } = routeOf(context).graphql ?? {}
    let following: Following | undefined
    const positions: (string | undefined)[] = []
    const results = await subscriptions.run(operation, async (field, args) => {
      const event = follows[field]
      if (!event) throw new Error(`nothing is known of the event ${field}`)
      requireAccess(context, event)
      following = await subscriptions.follow({
        ...{ type: event.type, version: event.version, ...whoseOf(context, event, args) },
        caller: isAnonymous(context) ? context.client.address : callerIdOf(context.caller),
        after: context.headers['last-event-id']?.[0],
      })
      return dataOf(following, positions)
    })
    const close = () => {
      following?.close()
      void results.return().catch(() => {})
    }
    signal.addEventListener('abort', close, { once: true })
    // The caller may have gone while it was opened.
    if (signal.aborted) close()
    begin(context)
    // So that it misses nothing, either, if the connection breaks before the first event.
    if (following) response.write(`id: ${following.position}\n\n`)
    response.setTimeout(stallTimeoutMs)
    const writeError = createErrorWriter({ correlationId, log })
    const encode = (result: unknown) => encodeResult(result, { position: positions.shift(), writeError })
    const source = { next: () => results.next(), close }
    const deadline = { signal, stopIdle: () => {} }
    await sendEvents(response, source, { encode, deadline, maxMs: MAX_STREAM_MS, draining })
    return SENT
  }
  const step: Step = function subscribe(context) {
    return context.operation?.definition.operation === 'subscription' ? send(context) : undefined
  }
  return explained(step, (context) =>
    context.operation?.definition.operation === 'subscription'
      ? { outcome: 'unknown', why: 'The gateway itself sends the events that it follows.' }
      : { why: 'It follows no events.' },
  )
}

/** Of a response that has been sent. */
const SENT: Reply = { status: 200, headers: {}, body: '', shortCircuitReason: 'subscription' }

function requireAccess(context: GatewayContext, { owner, tenant, scopes = [] }: FollowedEvent) {
  const { caller } = context
  const isOpen = owner === undefined && tenant === undefined && scopes.length === 0
  if (!isOpen && isAnonymous(context))
    throw new Problem('unauthenticated', 401, 'Send an API key or an access token to follow this.')
  if (tenant && caller.tenant === undefined)
    throw new Problem('tenant_required', 403, 'This is for callers of a tenant.')
  if (!scopes.every((scope) => caller.scopes.includes(scope)))
    throw new Problem('forbidden', 403, `This needs ${scopes.join(' and ')}.`)
}

/** Which events are this caller's, and have what the arguments say. */
function whoseOf(
  { caller }: GatewayContext,
  { owner, anyone, by = [] }: FollowedEvent,
  args: Readonly<Record<string, unknown>>,
) {
  const given = by.flatMap((field) => ((args[field] ?? null) === null ? [] : [[field, args[field]] as const]))
  const fields = { ...Object.fromEntries(given), ...(owner === undefined ? {} : { [owner]: caller.sub }) }
  return { fields, tenant: anyone ? undefined : (caller.tenant ?? null) }
}

/** Leaves behind the position of each event, in their order. */
async function* dataOf(following: Following, positions: (string | undefined)[]) {
  for await (const { data, position } of following) {
    positions.push(position)
    yield data
  }
}

function begin({ responseHeaders, correlationId, response }: GatewayContext) {
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  response.writeHead(200, { ...mergeHeaders(headers, responseHeaders), 'x-correlation-id': correlationId })
}

interface EncodeOptions {
  readonly position: string | undefined
  readonly writeError: ReturnType<typeof createErrorWriter>
}

function encodeResult(result: unknown, { position, writeError }: EncodeOptions): string {
  // What `results` yields.
  const { data, errors } = result as Results extends AsyncGenerator<infer Result> ? Result : never
  const written = JSON.stringify({ data, ...(errors ? { errors: errors.map(writeError) } : {}) })
  return `${position === undefined ? '' : `id: ${position}\n`}event: next\ndata: ${written}\n\n`
}
