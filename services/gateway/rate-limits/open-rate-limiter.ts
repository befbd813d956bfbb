import type { Admission, AdmissionRequest, RateLimiter } from 'ebb/http/gateway'
import { type Config, type Log, liveSetting } from 'ebb/kernel'
import { createOutageReporter } from '../../../src/data/redis.ts'
import { createLeases } from './leases.ts'
import { createLocalLimiter, type LocalLimiter, type Rate } from './local-limiter.ts'
import { createLocalSlots, type HeldSlot, type LocalSlots } from './local-slots.ts'
import { openRedisLimiter, type SharedLimiter } from './redis-limiter.ts'

/**
 * Opens the limiter that the settings ask for: on REDIS_URL exact across gateways; without it, each gateway allows its
 * share of EBB_GATEWAY_REPLICAS. A Redis that does not answer delays the start by a second at most.
 */
export async function openRateLimiter(
  config: Pick<Config, 'REDIS_URL' | 'EBB_GATEWAY_REPLICAS' | 'EBB_RATE_LIMIT_TIMEOUT_MS'>,
  options: FallbackOptions,
): Promise<{ readonly take: RateLimiter; readonly close: () => void }> {
  const { REDIS_URL, EBB_GATEWAY_REPLICAS: shares, EBB_RATE_LIMIT_TIMEOUT_MS: timeoutMs } = config
  const own = { rates: createLocalLimiter({ shares }), slots: createLocalSlots({ shares }) }
  if (REDIS_URL) {
    const shared = openRedisLimiter(liveSetting(config, 'REDIS_URL', options.log), { timeoutMs })
    const limiter = withFallback(shared, own, options)
    await limiter.started
    return limiter
  }
  options.log.info({ shares }, 'no REDIS_URL; each gateway limits by its own share')
  const take = (request: AdmissionRequest) => {
    options.onFallback()
    return takeAlone(own, request)
  }
  return { take, close: () => {} }
}

/** What one gateway knows by itself. */
export interface OwnLimits {
  readonly rates: LocalLimiter
  readonly slots: LocalSlots
}

export interface FallbackOptions {
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Called for each request on which the local limiter decided. */
  readonly onFallback: () => void
  /** Between two probes of a Redis that is unavailable; default: 500 ms. */
  readonly probeMs?: number
  /** How long an outage lasts before it is logged; default: 2 s, so several probes in a row. */
  readonly minOutageMs?: number
}

/** A third of a slot's lease, so that two renewals may be lost. */
const RENEW_MS = 3_000

/**
 * Limits by `shared`, and by `own` while that is unavailable or slow: the first request that it fails ends its use, and a
 * probe in the background begins it again, so that no other request waits. Each limiter learns of what the other has let
 * through, so that no change between them grants another burst. An outage is one log line, and its end another.
 */
export function withFallback(shared: SharedLimiter, own: OwnLimits, options: FallbackOptions) {
  const { log, onFallback, probeMs = 500, minOutageMs = 2_000 } = options
  const report = createOutageReporter(
    log,
    {
      lost: 'redis is unreachable or slow; each gateway limits by its own share',
      restored: 'redis is reachable; rate limits hold across gateways',
    },
    { minOutageMs, reportsInitialState: true },
  )
  const leases = createLeases(shared)
  let up: boolean | undefined
  let changes = 0
  let closed = false
  let memory: string | undefined
  const setUp = (isUp: boolean, error?: unknown) => {
    if (closed) return
    if (up !== isUp) {
      changes++
      leases.clear()
    }
    up = isUp
    report(isUp, error)
  }
  const probe = () =>
    shared.probe().then(
      (name) => {
        if (name !== memory) own.rates.markAllUnreported()
        memory = name
        // What was admitted meanwhile, or was lost, is held all the same.
        shared.renew(own.slots.held())
        setUp(true)
      },
      (error) => setUp(false, error),
    )
  shared.onUp(() => void probe())
  shared.onDown((error) => setUp(false, error))
  const timers = [
    setInterval(() => {
      if (!up) void probe()
    }, probeMs).unref(),
    setInterval(() => {
      if (up) shared.renew(own.slots.held())
    }, RENEW_MS).unref(),
  ]

  const takeShared = async (request: AdmissionRequest): Promise<Admission> => {
    const { rates, slots } = request
    if (request.peek) return { ...(await shared.take(request)), ...NOTHING_HELD }
    const unreported = rates.map(own.rates.takeUnreported)
    const slot = slots && own.slots.newSlot(slots.key)
    try {
      const taken = await shared.take(request, { elsewhere: unreported, slot })
      const decision = {
        ...taken,
        rates: taken.rates.map((one, i) => (rates[i] ? leases.addLeft(rates[i], one) : one)),
      }
      if (!decision.allowed) return { ...decision, ...NOTHING_HELD }
      own.rates.record(rates)
      if (slot) own.slots.hold(slot)
      else leases.note(rates)
      const release = () => {
        if (slot && own.slots.free(slot)) shared.free(slot)
      }
      const undo = () => {
        release()
        own.rates.undo(rates, { isShared: true })
        shared.undo(rates)
      }
      return { ...decision, release, undo }
    } catch (error) {
      for (const [i, rate] of rates.entries()) restore(rate, unreported[i])
      // It may hold the slot nevertheless.
      if (slot) shared.free(slot)
      throw error
    }
  }
  const restore = (rate: Rate, requests = 0) => {
    if (requests > 0) own.rates.restoreUnreported(rate, requests)
  }

  /** Where each rate of a request has a lease, no gateway needs to be asked. */
  const takeLeased = ({ rates, slots, peek }: AdmissionRequest): Admission | undefined => {
    const decisions = up && !slots && !peek ? leases.take(rates) : undefined
    if (!decisions) return undefined
    own.rates.record(rates)
    const undo = () => {
      own.rates.undo(rates, { isShared: true })
      if (!leases.undo(rates)) shared.undo(rates)
    }
    return { allowed: true, rates: decisions, release: NOTHING_HELD.release, undo }
  }

  const takeUnleased = async (request: AdmissionRequest): Promise<Admission> => {
    if (up) {
      const since = changes
      try {
        return await takeShared(request)
      } catch (error) {
        // What was sent before Redis went and came back says nothing about its state now.
        if (since === changes) setUp(false, error)
      }
    }
    onFallback()
    return takeAlone(own, request, shared.free)
  }
  const take: RateLimiter = (request) => takeLeased(request) ?? takeUnleased(request)
  return {
    take,
    /** Resolves when it is known whether the shared limiter is available. */
    started: shared.firstAttempt.then(probe),
    close: () => {
      closed = true
      for (const timer of timers) clearInterval(timer)
      leases.close()
      shared.close()
    },
  }
}

const NOTHING_HELD = { release: () => {}, undo: () => {} }

/** Decides by this gateway's own share. `onFree` is called when a slot is free again, which others may know of by then. */
function takeAlone(
  own: OwnLimits,
  { rates, slots, peek = false }: AdmissionRequest,
  onFree = (_slot: HeldSlot) => {},
): Admission {
  const room = slots ? own.slots.room(slots) : 1
  const decisions = own.rates.take(rates, { hasRoom: room > 0 && !peek })
  const allowed = room > 0 && decisions.every((decision) => decision.allowed)
  const decided = {
    ...{ allowed, rates: decisions },
    slots: slots && { allowed: room > 0, remaining: Math.max(0, allowed && !peek ? room - 1 : room) },
  }
  if (!allowed || peek) return { ...decided, ...NOTHING_HELD }
  const slot = slots && own.slots.newSlot(slots.key)
  if (slot) own.slots.hold(slot)
  const release = () => {
    if (slot && own.slots.free(slot)) onFree(slot)
  }
  const undo = () => {
    release()
    own.rates.undo(rates, { isShared: false })
  }
  return { ...decided, release, undo }
}
