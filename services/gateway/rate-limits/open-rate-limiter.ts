import type { Limit } from 'ebb/contract'
import type { RateLimiter } from 'ebb/http/gateway'
import type { Config, Log } from 'ebb/kernel'
import { createOutageReporter } from '../../../src/data/redis.ts'
import { createLocalLimiter, type LocalLimiter } from './local-limiter.ts'
import { openRedisLimiter, type SharedLimiter } from './redis-limiter.ts'

/**
 * Opens the limiter that the settings ask for: on REDIS_URL exact across gateways; without it, each gateway allows its
 * share of EBB_GATEWAY_REPLICAS. A Redis that does not answer delays the start by a second at most.
 */
export async function openRateLimiter(
  {
    REDIS_URL,
    EBB_GATEWAY_REPLICAS,
    EBB_RATE_LIMIT_TIMEOUT_MS: answerMs,
  }: Pick<Config, 'REDIS_URL' | 'EBB_GATEWAY_REPLICAS' | 'EBB_RATE_LIMIT_TIMEOUT_MS'>,
  options: FallbackOptions,
): Promise<{ readonly take: RateLimiter; readonly close: () => void }> {
  const local = createLocalLimiter({ shares: EBB_GATEWAY_REPLICAS })
  if (REDIS_URL) {
    const limiter = withFallback(openRedisLimiter(REDIS_URL, { answerMs }), local, options)
    await limiter.started
    return limiter
  }
  options.log.info({ shares: EBB_GATEWAY_REPLICAS }, 'no REDIS_URL; each gateway limits by its own share')
  const take = (key: string, limit: Limit) => {
    options.onFallback()
    return local.take(key, limit)
  }
  return { take, close: () => {} }
}

interface FallbackOptions {
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Called for each request that the local limiter judged. */
  readonly onFallback: () => void
  /** Between two looks for a Redis that is away; 500 ms unless told. */
  readonly probeMs?: number
  /** Before a loss is said; 2 s unless told, so several looks in a row. */
  readonly lastedMs?: number
}

/**
 * Limits by `shared`, and by `local` while that is away or slow: the first request that it fails ends its use, and a
 * look in the background begins it again, so that no other request waits. Each side is told of what the other has let
 * through, so that no change between them grants another burst. A loss that lasts is one log line, and its end another.
 */
export function withFallback(shared: SharedLimiter, local: LocalLimiter, options: FallbackOptions) {
  const { log, onFallback, probeMs = 500, lastedMs: minOutageMs = 2_000 } = options
  const say = createOutageReporter(
    log,
    {
      lost: 'redis is away or slow; each gateway limits by its own share',
      restored: 'redis is there; rate limits hold across gateways',
    },
    { minOutageMs, reportsInitialState: true },
  )
  let up: boolean | undefined
  let turns = 0
  let closed = false
  let memory: string | undefined
  const turn = (now: boolean, fault?: unknown) => {
    if (closed) return
    if (up !== now) turns++
    up = now
    say(now, fault)
  }
  const look = () =>
    shared.probe().then(
      (name) => {
        if (name !== memory) local.markAllUnreported()
        memory = name
        turn(true)
      },
      (fault) => turn(false, fault),
    )
  shared.onUp(() => void look())
  shared.onDown((fault) => turn(false, fault))
  const looking = setInterval(() => {
    if (!up) void look()
  }, probeMs).unref()

  const take: RateLimiter = async (key, limit) => {
    if (up) {
      const since = turns
      const untold = local.takeUnreported(key, limit)
      try {
        const allowance = await shared.take(key, limit, untold)
        if (allowance.allowed) local.record(key, limit)
        return allowance
      } catch (fault) {
        if (untold > 0) local.restoreUnreported(key, limit, untold)
        // What was sent before Redis went and came again says nothing about now.
        if (since === turns) turn(false, fault)
      }
    }
    onFallback()
    return local.take(key, limit)
  }
  return {
    take,
    /** Resolves when it is known whether the shared one is there. */
    started: shared.firstAttempt.then(look),
    close: () => {
      closed = true
      clearInterval(looking)
      shared.close()
    },
  }
}
