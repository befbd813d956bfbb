import type { Limit } from 'ebb/contract'
import type { RateLimiter } from 'ebb/http/gateway'
import type { Config } from 'ebb/kernel'
import { localLimiter } from './local-limiter.ts'
import { redisLimiter } from './redis-limiter.ts'
import { type FallbackOptions, withFallback } from './with-fallback.ts'

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
  const local = localLimiter({ shares: EBB_GATEWAY_REPLICAS })
  if (REDIS_URL) {
    const limiter = withFallback(redisLimiter(REDIS_URL, { answerMs }), local, options)
    await limiter.started
    return limiter
  }
  options.log.info({ shares: EBB_GATEWAY_REPLICAS }, 'no REDIS_URL; each gateway limits by its own share')
  const take = (key: string, limit: Limit) => {
    options.fellBack()
    return local.take(key, limit)
  }
  return { take, close: () => {} }
}
