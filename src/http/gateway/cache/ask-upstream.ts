import { Problem } from '../../../contract/index.ts'
import type { GatewayContext, Outcome, Reply, Step } from '../context.ts'
import type { CachedRequest, GatewayDependencies } from '../dependencies.ts'
import type { CallUpstream, UpstreamRequest } from '../upstream/upstream-request.ts'
import type { CacheStatus, Forwarded } from './cache-status.ts'
import { createFetch, type FetchOptions, type Wanted } from './fetch.ts'
import { createFlights, type Flight } from './flights.ts'
import { type RoutedContext, withConditions } from './lookup.ts'
import { passOn } from './pass-on.ts'
import { isUsable } from './reuse.ts'
import type { CachedResponse } from './store.ts'
import { conditionsOf } from './validators.ts'
import { findVariant, reselect, variantOf } from './vary.ts'

export interface AskOptions extends Pick<FetchOptions, 'store' | 'now' | 'maxBytes'> {
  /** Asks the upstream for a caller. */
  readonly next: Step
  /** Asks it for nobody, in the background. */
  readonly call: CallUpstream
  readonly reply: (
    context: RoutedContext,
    response: CachedResponse,
    wanted: Pick<Wanted, 'rules'>,
    status: CacheStatus,
  ) => Reply
  readonly metrics: GatewayDependencies['metrics']
  readonly log: GatewayDependencies['log']
}

/** Asks upstreams for what is not stored, or not fresh: once for all requests that want the same. */
export function createAsker({ next, call, reply, metrics, log, ...limits }: AskOptions) {
  const { store, now } = limits
  const flights = createFlights({ now })

  /** One request to the upstream, in the place of the caller's. */
  async function fetchFor(context: RoutedContext, wanted: Wanted, flight: Flight, forwarded: Forwarded) {
    const { headers, sink } = context
    const open = (kept: boolean) =>
      passOn(context, { sink, status: { forwarded, stored: kept }, conditions: kept ? headers : undefined })
    const fetch = createFetch(wanted, { ...limits, flight, open, whole: headers.range !== undefined })
    context.sink = fetch.sink
    context.headers = withConditions(headers, conditionsFor(wanted))
    const outcome = await next(context)
    context.sink = sink
    context.headers = headers
    return fetch.settle(outcome instanceof Problem ? outcome : undefined)
  }

  /** Asks for this caller, and for all who come meanwhile. */
  async function lead(context: RoutedContext, wanted: Wanted, forwarded: Forwarded): Promise<Outcome | undefined> {
    const flight = flights.open(flightKeyOf(wanted), store.generation(), maxWaitMs(context))
    const count = (outcome: CachedRequest['outcome']) => metrics.cached?.({ route: wanted.route, outcome })
    try {
      const first = await fetchFor(context, wanted, flight, forwarded)
      const fetched =
        first === 'again' ? await fetchFor(context, { ...wanted, stored: undefined }, flight, forwarded) : first
      if (typeof fetched === 'string' || fetched instanceof Problem) {
        count('miss')
        return typeof fetched === 'string' ? undefined : fetched
      }
      const { response, by, upstreamStatus } = fetched
      count(OUTCOMES[by])
      return reply(context, response, wanted, { forwarded, upstreamStatus, stored: by !== 'failed' })
    } finally {
      flight.land('broken')
    }
  }

  return {
    /** Waits for the call that is under way for the same, or makes it. */
    ask: async (context: RoutedContext, first: Wanted, forwarded: Forwarded): Promise<Outcome | undefined> => {
      for (let wanted = first; ; ) {
        const under = flights.find(flightKeyOf(wanted), store.generation())
        if (!under) return lead(context, wanted, forwarded)
        const landing = await under.landed
        if (context.signal.aborted) throw context.signal.reason
        // The time for a call of its own begins now.
        context.bodyReceivedAt = performance.now()
        if (landing === 'broken') continue
        if (landing === 'alone') return lead(context, wanted, forwarded)
        if (!(landing instanceof Problem) && !findVariant([landing], wanted.selecting)) {
          // It differs by a header that nobody knew of: from now on those wait for one another who have the same.
          const variant = variantOf(reselect(landing, wanted.selecting))
          if (variant === wanted.variant) return lead(context, wanted, forwarded)
          wanted = { ...wanted, variant }
          continue
        }
        if (!(landing instanceof Problem) && !isUsable(landing, wanted.asked, now()))
          return lead(context, wanted, forwarded)
        metrics.cached?.({ route: wanted.route, outcome: 'coalesced' })
        return landing instanceof Problem ? landing : reply(context, landing, wanted, { forwarded, collapsed: true })
      }
    },
    /** Renews a response that is used meanwhile (RFC 5861, 3). */
    renew: (context: RoutedContext, wanted: Wanted): void => {
      if (flights.find(flightKeyOf(wanted), store.generation())) return
      const flight = flights.open(flightKeyOf(wanted), store.generation(), maxWaitMs(context))
      const options = { ...limits, flight, open: () => undefined, whole: true }
      const fetch = async (wanted: Wanted) => {
        const { sink, settle } = createFetch(wanted, options)
        return settle(await call(inBackground(context, conditionsFor(wanted)), sink))
      }
      const run = async () => {
        if ((await fetch(wanted)) === 'again') await fetch({ ...wanted, stored: undefined })
      }
      run()
        .catch((error: unknown) =>
          log.error({ err: error, route: wanted.route }, 'a cached response cannot be renewed'),
        )
        .finally(() => flight.land('broken'))
    },
    /** Whether waiting for others has been of no use lately. */
    isAlone: (wanted: Wanted) => flights.isAlone(flightKeyOf(wanted)),
  }
}

/** Beyond the time that an upstream has: for its start, and for the body. */
const GRACE_MS = 60_000
const maxWaitMs = ({ route }: RoutedContext) => route.timeoutMs + GRACE_MS

/** No key has a line break. */
const flightKeyOf = ({ key, variant }: Wanted) => `${key}\n${variant}`

const OUTCOMES = { stored: 'miss', validated: 'revalidated', failed: 'stale' } as const

/** A function's reply is made anew and compared; an existing service may have a shorter way. */
const conditionsFor = ({ rules, stored }: Wanted) => (stored && !rules.lifetime ? conditionsOf(stored) : {})

const NOTHING = new Uint8Array()

/** The same request, for nobody: what its caller does has no effect on it. */
function inBackground(context: RoutedContext, conditions: GatewayContext['headers']): UpstreamRequest {
  const { route, variant, path, query, caller, client, correlationId, traceparent } = context
  return {
    ...{ route, variant, method: 'GET', path, query, caller, client, correlationId, traceparent },
    ...{ headers: withConditions(context.headers, conditions), body: NOTHING, signal: new AbortController().signal },
    ...{
      bodyReceivedAt: performance.now(),
      invoked: false,
      respondedAt: undefined,
      cold: undefined,
      revision: undefined,
      upstreamStatus: undefined,
    },
  }
}
