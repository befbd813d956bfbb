import { Problem } from 'ebb/contract'
import type { GatewayMetrics } from 'ebb/http/gateway'
import { type Config, type Log, liveSetting } from 'ebb/kernel'
import { PROOF_LIFETIME_MS } from 'ebb/protocol'
import { createOutageReporter, openRedis } from '../../../src/data/redis.ts'

const PREFIX = 'ebb:proof:'
const COMMAND_MS = 250
/** Some 20 MB: two minutes of 1,600 proofs a second. */
const MAX_REMEMBERED = 200_000

export interface UsedProofs {
  /** Resolves to whether this proof is used for the first time. Rejects with a Problem 503 where there is no room to remember it. */
  readonly use: (id: string) => Promise<boolean>
  readonly close: () => void
}

export interface UsedProofsOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly now?: () => number
}

/**
 * Remembers which DPoP proofs were used, while they are valid: in Redis for all gateways, and in this process too, which is
 * what is left while Redis is away or where there is none.
 */
export function openUsedProofs(
  config: Pick<Config, 'REDIS_URL'>,
  { log, shed, now = Date.now }: UsedProofsOptions,
): UsedProofs {
  const options = { commandTimeout: COMMAND_MS, maxRetriesPerRequest: 0 }
  const client = config.REDIS_URL ? openRedis(liveSetting(config, 'REDIS_URL', log), options) : undefined
  const report = createOutageReporter(log, {
    lost: 'redis is not reachable; each gateway knows only the DPoP proofs that it has seen itself',
    restored: 'redis is reachable; DPoP proofs are known across gateways',
  })
  const untilOf = new Map<string, number>()
  const isFirstHere = (id: string) => {
    const at = now()
    // In the order of their ends, since all live equally long.
    for (const [oldest, until] of untilOf) {
      if (until > at) break
      untilOf.delete(oldest)
    }
    if (untilOf.has(id)) return false
    if (untilOf.size >= MAX_REMEMBERED) {
      shed('tokens')
      const message = 'Too many DPoP proofs are being checked; retry later.'
      throw new Problem('unavailable', 503, message, { retryAfterSeconds: 1 })
    }
    untilOf.set(id, at + PROOF_LIFETIME_MS)
    return true
  }
  return {
    async use(id) {
      if (!isFirstHere(id)) return false
      if (!client) return true
      try {
        const stored = await client.set(PREFIX + id, '1', 'PX', PROOF_LIFETIME_MS, 'NX')
        report(true)
        return stored !== null
      } catch (error) {
        report(false, error)
        return true
      }
    },
    close: () => client?.disconnect(),
  }
}
