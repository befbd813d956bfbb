import type { RateLimiter } from 'ebb/http/gateway'
import { type Config, type Log, liveSetting } from 'ebb/kernel'
import type { Limit } from '../../../src/contract/index.ts'
import { createOutageReporter } from '../../../src/data/redis.ts'
import { createLocalLimiter, type LocalLimiter } from './local-limiter.ts'
import { openRedisLimiter, type SharedLimiter } from './redis-limiter.ts'

/**
 * Opens the limiter that the settings ask for: on REDIS_URL exact across gateways; without it, each gateway allows its
 * share of EBB_GATEWAY_REPLICAS. A Redis that does not answer delays the start by a second at most.
 */
export async function openRateLimiter(
  config: Pick<Config, 'REDIS_URL' | 'EBB_GATEWAY_REPLICAS' | 'EBB_RATE_LIMIT_TIMEOUT_MS'>,
  options: FallbackOptions,
): Promise<{ readonly take: RateLimiter; readonly close: () => void }> {
  const { REDIS_URL, EBB_GATEWAY_REPLICAS, EBB_RATE_LIMIT_TIMEOUT_MS: timeoutMs } = config
  const local = createLocalLimiter({ shares: EBB_GATEWAY_REPLICAS })
  if (REDIS_URL) {
    const limiter = withFallback(
      openRedisLimiter(liveSetting(config, 'REDIS_URL', options.log), { timeoutMs }),
      local,
      options,
    )
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

export interface FallbackOptions {
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Called for each request on which the local limiter decided. */
  readonly onFallback: () => void
  /** Between two probes of a Redis that is unavailable; default: 500 ms. */
  readonly probeMs?: number
  /** How long an outage lasts before it is logged; default: 2 s, so several probes in a row. */
  readonly minOutageMs?: number
}

/**
 * Limits by `shared`, and by `local` while that is unavailable or slow: the first request that it fails ends its use,
 * and a probe in the background begins it again, so that no other request waits. Each limiter learns of what the other
 * has let through, so that no change between them grants another burst. An outage is one log line, and its end another.
 */
export function withFallback(shared: SharedLimiter, local: LocalLimiter, options: FallbackOptions) {
  const { log, onFallback, probeMs = 500, minOutageMs = 2_000 } = options
  const report = createOutageReporter(
    log,
    {
      lost: 'redis is unreachable or slow; each gateway limits by its own share',
      restored: 'redis is reachable; rate limits hold across gateways',
    },
    { minOutageMs, reportsInitialState: true },
  )
  let up: boolean | undefined
  let changes = 0
  let closed = false
  let memory: string | undefined
  const setUp = (isUp: boolean, error?: unknown) => {
    if (closed) return
    if (up !== isUp) changes++
    up = isUp
    report(isUp, error)
  }
  const probe = () =>
    shared.probe().then(
      (name) => {
        if (name !== memory) local.markAllUnreported()
        memory = name
        setUp(true)
      },
      (error) => setUp(false, error),
    )
  shared.onUp(() => void probe())
  shared.onDown((error) => setUp(false, error))
  const timer = setInterval(() => {
    if (!up) void probe()
  }, probeMs).unref()

  const take: RateLimiter = async (key, limit) => {
    if (up) {
      const since = changes
      const unreported = local.takeUnreported(key, limit)
      try {
        const decision = await shared.take(key, limit, unreported)
        if (decision.allowed) local.record(key, limit)
        return decision
      } catch (error) {
        if (unreported > 0) local.restoreUnreported(key, limit, unreported)
        // What was sent before Redis went and came back says nothing about its state now.
        if (since === changes) setUp(false, error)
      }
    }
    onFallback()
    return local.take(key, limit)
  }
  return {
    take,
    /** Resolves when it is known whether the shared limiter is available. */
    started: shared.firstAttempt.then(probe),
    close: () => {
      closed = true
      clearInterval(timer)
      shared.close()
    },
  }
}
