import { createLog, parseConfig } from 'ebb/kernel'
import { openRedisLimiter } from '../../../services/gateway/rate-limits/redis-limiter.ts'
import { openRedisStore } from '../../../src/data/cache/redis-store.ts'
import { redis } from '../../../src/data/redis.ts'
import { throughProxy } from '../../support/tcp-proxy.ts'
import { type Socket, targetOf } from './recovery.ts'

const log = createLog({ level: 'silent' })
/** Much more than they take, so that a busy machine is not the question. */
const SLACK_MS = 1_000

/** All connections to Redis. */
export function redisSockets(url: string): Socket[] {
  const target = targetOf(url)
  return [
    {
      ...{ name: 'Redis: rate limits', target, limitMs: 50 + SLACK_MS },
      open: (port) => {
        const { probe, close } = openRedisLimiter(throughProxy(url, { port }))
        return { use: probe, close }
      },
    },
    {
      ...{ name: 'Redis: the cache', target, limitMs: 400 + SLACK_MS },
      open: (port) => {
        const store = openRedisStore(throughProxy(url, { port }), { namespace: 'weather', log })
        const use = async () => {
          const { holder } = await store.getOrLock('key', { token: 'me', staleMs: 0 })
          if (holder === undefined) throw new Error('Redis was not asked')
        }
        return { use, close: store.close }
      },
    },
    {
      ...{ name: "Redis: a handler's commands", target, limitMs: 1_000 + SLACK_MS },
      open: (port) => {
        const opened = redis.open(parseConfig({ REDIS_URL: throughProxy(url, { port }) }), log)
        return { use: async () => opened?.ping(), close: () => redis.close?.(opened) }
      },
    },
  ]
}
