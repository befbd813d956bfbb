import { type EndpointShape, type Input, Problem, type Route } from '../../../contract/index.ts'
import {
  describeInvocation,
  hasEnded,
  type InvocationState,
  POSITION_HEADER,
  summarizeInvocation,
} from '../../../protocol/index.ts'
import { cancelInvocation, listInvocations } from '../../../protocol/invocation-endpoints.ts'
import { acceptsEvents } from '../accepts-events.ts'
import type { GatewayContext, Outcome, Reply, Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { ending, explained } from '../explanation.ts'
import { END_ID, sendInvocationEvents } from '../invocation-events.ts'
import { INVOCATION_ROUTE } from '../invocation-route.ts'
import { ownRoute } from '../own-routes.ts'
import { preferencesOf } from '../prefer.ts'
import { waitForEnd } from '../wait-for-end.ts'

type Dependencies = Pick<GatewayDependencies, 'invocations' | 'draining'>

/**
 * Returns the state of an asynchronous call to its caller, and to no other: at once, when it has ended (`Prefer: wait`), or
 * as events until then.
 */
export function invocationState({ invocations, draining }: Dependencies): Step {
  async function tell(context: GatewayContext): Promise<Outcome> {
    const { waitSeconds = 0 } = preferencesOf(context)
    const asksForEvents = context.method === 'GET' && acceptsEvents(context)
    const found = await find(context, asksForEvents ? 0 : waitSeconds)
    if (found instanceof Problem) return found
    if (!asksForEvents) return stateReply(found, waitSeconds)
    if (hasEnded(found) && context.headers['last-event-id']?.[0] === END_ID) return NOTHING_MORE
    await sendInvocationEvents(context, found, { invocations, draining })
    return SENT
  }
  async function find({ params, caller, signal }: GatewayContext, waitSeconds: number) {
    const id = params.id?.[0] ?? ''
    const options = { waitMs: waitSeconds * 1_000, signals: [signal, draining] }
    const found = UUID.test(id) ? await waitForEnd(invocations, { id, caller }, options) : undefined
    return found ?? absent(id, invocations)
  }
  const step: Step = function invocationState(context) {
    return context.route === INVOCATION_ROUTE ? tell(context) : undefined
  }
  return explained(step, async (context) => {
    if (context.route !== INVOCATION_ROUTE) return { why: 'It does not ask for the state of an asynchronous call.' }
    const found = await find(context, 0)
    return ending(found instanceof Problem ? found : stateReply(found, 0))
  })
}

/** Lists the calls of their caller, and cancels them. */
export function ownInvocations({ invocations }: Pick<GatewayDependencies, 'invocations'>): Step {
  async function list(context: GatewayContext): Promise<Outcome> {
    const { limit, before, state } = inputOf<typeof listInvocations>(context).query
    // One more than asked for shows whether there is another page.
    const found = await invocations.list(context.caller, {
      state: state && STORED_STATES[state],
      before: before === undefined ? undefined : { id: before, madeAt: timeOf(before) },
      limit: limit + 1,
    })
    const page = found.slice(0, limit)
    const next = found.length > limit ? { next: page.at(-1)?.id } : {}
    return jsonReply({ invocations: page.map(summarizeInvocation), ...next })
  }
  async function cancel(context: GatewayContext): Promise<Outcome> {
    const { caller, correlationId } = context
    const { id } = inputOf<typeof cancelInvocation>(context).params
    if (!UUID.test(id)) return NOT_FOUND
    await invocations.cancel(id, { caller, correlationId })
    const found = await invocations.find(id, caller)
    if (!found) return absent(id, invocations)
    return found.state === 'cancelled' ? jsonReply(summarizeInvocation(found)) : ALREADY_STARTED
  }
  const operations: ReadonlyMap<Route, (context: GatewayContext) => Promise<Outcome>> = new Map([
    [ownRoute(listInvocations), list],
    [ownRoute(cancelInvocation), cancel],
  ])
  const step: Step = function ownInvocations(context) {
    return context.route && operations.get(context.route)?.(context)
  }
  return explained(step, ({ route }) =>
    route && operations.has(route)
      ? { outcome: 'unknown', why: "The gateway itself answers about the caller's asynchronous calls." }
      : { why: "It is not about the caller's asynchronous calls." },
  )
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** As the store calls the states that callers know. */
const STORED_STATES = {
  waiting: 'waiting',
  running: 'leased',
  done: 'done',
  failed: 'dead',
  cancelled: 'cancelled',
} as const
/** One sentence for both cases: it must not reveal that another caller's call exists. */
const NOT_FOUND = new Problem('not_found', 404, 'You have made no asynchronous call of this id.')
const ALREADY_STARTED = new Problem('already_started', 409, 'The call has started, or ended, and goes its way.')
const NOTHING_MORE: Reply = { status: 204, headers: { 'cache-control': 'no-store' }, body: '' }
/** Of a response that has been sent. */
const SENT: Reply = { status: 200, headers: {}, body: '' }

/** What there was is told by the id alone, whose time is over: so nothing is revealed about others' calls. */
function absent(id: string, { keepSeconds }: GatewayDependencies['invocations']): Problem {
  const madeAt = timeOf(id)
  if (madeAt === undefined || madeAt.getTime() > Date.now() - keepSeconds * 1_000) return NOT_FOUND
  return new Problem('gone', 410, `What became of a call is kept for ${keepSeconds} s after its end.`)
}

/** When a UUID of version 7 was made (RFC 9562, 5.7); undefined for any other id. */
function timeOf(id: string): Date | undefined {
  return id[14] === '7' ? new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)) : undefined
}

function stateReply(found: InvocationState, waitSeconds: number): Reply {
  const { state, dueInMs } = found
  const retryAfterSeconds = state === 'waiting' ? Math.max(1, Math.ceil(dueInMs / 1_000)) : 1
  const position = found.response?.headers[POSITION_HEADER]
  return jsonReply(describeInvocation(found), {
    ...(position === undefined ? {} : { [POSITION_HEADER]: position }),
    ...(hasEnded(found) ? {} : { 'retry-after': String(retryAfterSeconds) }),
    ...(waitSeconds > 0 ? { 'preference-applied': `wait=${waitSeconds}` } : {}),
  })
}

const jsonReply = (body: unknown, headers: Reply['headers'] = {}): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
})

// `validate` has made it by this very contract.
const inputOf = <C extends EndpointShape>({ input }: GatewayContext) => input as Input<C>
