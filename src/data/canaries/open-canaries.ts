import type pg from 'pg'
import type { Log } from '../../kernel/index.ts'
import type { Variant } from '../../protocol/canary/assign-variant.ts'
import type { VariantResponse } from '../../protocol/canary/counts.ts'
import {
  addShadowCounts,
  noShadowCounts,
  type ShadowCounts,
  type ShadowOutcome,
  toShadowCounts,
} from '../../protocol/canary/shadow-counts.ts'
import { createVariantCounter } from '../../protocol/canary/variant-counter.ts'
import { type FollowedCanary, followCanaries, recordCounts } from './canary-store.ts'

/** How often what was counted is written, and what others have decided is read: only while a canary runs. */
const INTERVAL_MS = 1_000
/** Without the database nobody judges: from then on nobody is sent to a canary. */
const STALE_MS = 5_000
/** A canary that has just started is not reached by all ways to it at once: for so long, what does not arrive says nothing of it. */
const STARTING_MS = 10_000
/** Bodies that are compared with the contract, of each variant in each interval. */
const MAX_CHECKED = 20
/** Reads that are copied to a canary in each interval: enough to be sure of it soon, and no load beside that of callers. */
const MAX_COPIED = 20

export interface OpenCanariesOptions {
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Default: 1 s. */
  readonly intervalMs?: number
  /** Default: 10 s. */
  readonly startingMs?: number
}

interface Followed extends FollowedCanary {
  readonly since: number
  isReached: boolean
  readonly counter: ReturnType<typeof createVariantCounter>
  readonly checked: Record<Variant, number>
  copied: number
  shadow: ShadowCounts
}

export type OpenCanaries = ReturnType<typeof openCanaries>

/**
 * Follows the canaries of functions, and counts what becomes of their calls. No request waits for it: what was counted is written every
 * second, and judged by whoever writes it.
 */
export function openCanaries(
  pool: pg.Pool,
  { log, intervalMs = INTERVAL_MS, startingMs = STARTING_MS }: OpenCanariesOptions,
) {
  let followed = new Map<string, Followed>()
  let readAt = performance.now()
  let running: Promise<void> | undefined
  let again = false
  let failing = false
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const takeCountsOf = (canary: Followed) => {
    const counts = canary.counter.take()
    canary.checked.stable = 0
    canary.checked.canary = 0
    canary.copied = 0
    const { shadow } = canary
    canary.shadow = noShadowCounts()
    const seen = counts.stable.requests + counts.canary.requests + shadow.calls + shadow.dropped
    return seen > 0 ? { ...counts, shadow } : undefined
  }
  const round = async () => {
    for (const canary of followed.values()) {
      const counts = takeCountsOf(canary)
      if (counts) await recordCounts(pool, canary.name, counts)
    }
    const found = await followCanaries(pool)
    readAt = performance.now()
    const next = new Map<string, Followed>()
    for (const one of found) {
      const known = followed.get(one.name)
      if (known?.share !== one.share)
        log.info(
          { function: one.name, share: one.share },
          one.share > 0 ? 'a canary gets callers' : 'a canary gets copies of reads',
        )
      const counting = known ?? newFollowed()
      next.set(one.name, Object.assign(counting, one))
    }
    for (const name of followed.keys())
      if (!next.has(name)) log.info({ function: name, share: 0 }, 'a canary gets no callers any more')
    followed = next
    failing = false
  }
  const run = async () => {
    do {
      again = false
      await round().catch((error: unknown) => {
        if (!failing && followed.size > 0)
          log.warn({ err: error }, 'canaries cannot be followed; soon nobody is sent to one')
        failing = true
      })
    } while (again)
  }
  const refresh = (): Promise<void> => {
    clearTimeout(timer)
    again = true
    running ??= run().finally(() => {
      running = undefined
      if (!closed && followed.size > 0) timer = setTimeout(() => void refresh(), intervalMs).unref()
    })
    return running
  }
  /** Whether a call did not arrive at a canary that nothing has arrived at yet. */
  const isStarting = (canary: Followed, { variant, isReached = true }: VariantResponse): boolean => {
    if (variant === 'canary' && isReached) canary.isReached = true
    return variant === 'canary' && !canary.isReached && performance.now() - canary.since < startingMs
  }
  void refresh()
  return {
    /** The canary of a function; undefined where callers are sent to none. */
    of: (name: string): FollowedCanary | undefined =>
      followed.size > 0 && performance.now() - readAt < STALE_MS ? followed.get(name) : undefined,
    /** `caller` is whoever stays with one revision, and sends more of the same. */
    count: (caller: string, response: VariantResponse): void => {
      const canary = followed.get(response.name)
      if (canary && !isStarting(canary, response)) canary.counter.count(caller, response)
    },
    /** Whether one more body of this variant is to be compared with the contract. */
    mayCheck: (name: string, variant: Variant): boolean => {
      const { checked } = followed.get(name) ?? {}
      return checked !== undefined && checked[variant]++ < MAX_CHECKED
    },
    /** Whether one more read is to be copied to it. */
    mayCopy: (name: string): boolean => {
      const canary = followed.get(name)
      return canary !== undefined && canary.copied++ < MAX_COPIED
    },
    /** What became of a read that was to be copied. */
    shadowed: (name: string, outcome: ShadowOutcome): void => {
      const canary = followed.get(name)
      if (canary) canary.shadow = addShadowCounts(canary.shadow, toShadowCounts(outcome))
    },
    /** Writes and reads now: a canary has begun, gone on, or ended. */
    refresh,
    close: async () => {
      closed = true
      await refresh()
    },
  }
}

const newFollowed = () => ({
  ...{ since: performance.now(), isReached: false },
  ...{ counter: createVariantCounter(), checked: { stable: 0, canary: 0 }, copied: 0, shadow: noShadowCounts() },
})
