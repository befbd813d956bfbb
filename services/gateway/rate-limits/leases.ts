import type { RateLimitDecision } from 'ebb/http/gateway'
import { createBoundedMap } from 'ebb/kernel'
import { paceOf } from './gcra.ts'
import type { Rate } from './local-limiter.ts'

/** Requests that a gateway may let through without asking again: they are counted already. */
export interface Lease {
  readonly granted: number
  /** What remains for all gateways after the lease. */
  readonly remaining: number
  readonly fullInUs: number
}

/** How leases are taken and given back. */
export interface LeaseStore {
  /** Takes at most so many requests of a rate in advance, and none where less than half of its burst is free. */
  readonly lease: (rate: Rate, requests: number) => Promise<Lease>
  /** Gives back what was not used. */
  readonly giveBack: (rate: Rate, requests: number) => void
}

export interface Leases {
  /** Counts a request by all of its rates where each has a lease; undefined otherwise. */
  readonly take: (rates: readonly Rate[]) => readonly RateLimitDecision[] | undefined
  /** The decision of the store with what is leased and not used: for the caller that remains, too. */
  readonly addLeft: (rate: Rate, decision: RateLimitDecision) => RateLimitDecision
  /** To be called for a request that was counted elsewhere. */
  readonly note: (rates: readonly Rate[]) => void
  /** Takes back a request that was counted here; returns whether it was. */
  readonly undo: (rates: readonly Rate[]) => boolean
  /** Forgets all of them: what has granted them is gone. */
  readonly clear: () => void
  readonly close: () => void
}

/** A smaller burst is counted one by one: of 20 requests nobody should miss one because another gateway holds it. */
const MIN_BURST = 100
/** Of a burst, so that what other gateways hold is hardly ever missed. */
const SHARE = 1 / 32
const MAX_REQUESTS = 64
/** What was not used is given back after this. */
const LEASE_MS = 1_000
/** Two requests within this are a caller who may go on. */
const NEAR_MS = 100
const MAX_CALLERS = 10_000

interface Held {
  readonly rate: Rate
  left: number
  remaining: number
  fullAt: number
  until: number
}

/**
 * Leases for callers who send much: a gateway counts some of their requests in advance, and asks for more before those are
 * used up, so that none of them waits for Redis. Never lets through more than the limit; near the limit nothing is leased.
 */
export function createLeases(store: LeaseStore, { now = () => performance.now() } = {}): Leases {
  const held = createBoundedMap<string, Held>(MAX_CALLERS)
  const lastSeen = createBoundedMap<string, number>(MAX_CALLERS)
  const asking = new Set<string>()
  let generation = 0

  function ask(rate: Rate) {
    const { key, limit } = rate
    const requests = Math.min(MAX_REQUESTS, Math.floor(limit.burst * SHARE))
    if (limit.burst < MIN_BURST || requests < 2 || asking.has(key)) return
    asking.add(key)
    const askedIn = generation
    store
      .lease(rate, requests)
      .then(({ granted, remaining, fullInUs }) => {
        if (granted === 0 || askedIn !== generation) return
        const at = now()
        held.set(key, {
          ...{ rate, left: (held.get(key)?.left ?? 0) + granted, remaining },
          ...{ fullAt: at + fullInUs / 1_000, until: at + LEASE_MS },
        })
      })
      .catch(() => {})
      .finally(() => asking.delete(key))
  }

  const giveBackUnused = (isOver: (one: Held) => boolean) => {
    for (const [key, one] of held) {
      if (!isOver(one)) continue
      held.delete(key)
      if (one.left > 0) store.giveBack(one.rate, one.left)
    }
  }
  const timer = setInterval(() => giveBackUnused(({ until }) => until < now()), LEASE_MS).unref()

  return {
    take: (rates) => {
      const at = now()
      const leased = rates.map(({ key }) => held.get(key))
      if (!leased.every((one) => one !== undefined && one.left > 0 && one.until >= at)) return undefined
      return (leased as readonly Held[]).map((one) => {
        one.left--
        if (one.left < Math.floor(one.rate.limit.burst * SHARE) / 2) ask(one.rate)
        const waitSeconds = Math.ceil(Math.max(0, one.fullAt - at) / 1_000)
        return { allowed: true, remaining: one.remaining + one.left, waitSeconds }
      })
    },
    addLeft: ({ key }, decision) => {
      const one = held.get(key)
      if (!one) return decision
      one.remaining = decision.remaining
      return { ...decision, remaining: decision.remaining + one.left }
    },
    note: (rates) => {
      const at = now()
      for (const rate of rates) {
        const { key } = rate
        if (at - (lastSeen.get(key) ?? Number.NEGATIVE_INFINITY) < NEAR_MS) ask(rate)
        lastSeen.set(key, at)
      }
    },
    undo: (rates) => {
      const leased = rates.map(({ key }) => held.get(key))
      if (!leased.every((one) => one !== undefined)) return false
      for (const one of leased) if (one) one.left++
      return true
    },
    clear: () => {
      generation++
      held.clear()
    },
    close: () => {
      clearInterval(timer)
      giveBackUnused(() => true)
    },
  }
}

/** What a reply of Redis says of a lease: how many it granted, and in how many microseconds all of the burst is free. */
export function toLease({ limit }: Rate, [granted = 0, fullInUs = 0]: readonly number[]): Lease {
  const { intervalUs, burst } = paceOf(limit)
  return { granted, remaining: Math.floor((burst * intervalUs - fullInUs) / intervalUs), fullInUs }
}
