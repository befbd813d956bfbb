import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { RateLimitDecision } from 'ebb/http/gateway'
import { Redis } from 'ioredis'
import type { Limit } from '../../../src/contract/index.ts'
import { followRedisAddress, type RedisAddress, toLiveAddress } from '../../../src/data/follow-redis.ts'
import { withTimeout } from '../../../src/kernel/promises.ts'
import { paceOf, toRateLimitDecision } from './gcra.ts'

/** A limiter that all gateways share. */
export interface SharedLimiter {
  /**
   * Decides on a request, after it has counted those that were let through elsewhere. Rejects where Redis is
   * unavailable, or does not answer within `timeoutMs`.
   */
  readonly take: (key: string, limit: Limit, elsewhere?: number) => Promise<RateLimitDecision>
  /** Resolves where `take` would: to the name of Redis's memory, which is another one when that was lost. */
  readonly probe: () => Promise<string>
  readonly onUp: (listener: () => void) => void
  readonly onDown: (listener: (error: Error) => void) => void
  /** Settles when the first attempt to connect has succeeded or failed. */
  readonly firstAttempt: Promise<unknown>
  readonly close: () => void
}

const TIMEOUT_MS = 50
const CONNECT_MS = 1_000
const RECONNECT_MS = 200
const DISCONNECT_MS = 100
const PREFIX = 'ebb:rate:'
/** Lost whenever the other keys are. */
const MEMORY_KEY = 'ebb:rate-memory'

/**
 * Opens a limiter across all gateways on one Redis: one call a request, on Redis's own clock, exact however many come at
 * once. A key exists no longer than its caller owes something.
 */
export function openRedisLimiter(redis: RedisAddress, { timeoutMs = TIMEOUT_MS } = {}): SharedLimiter {
  const address = toLiveAddress(redis)
  const client = new Redis(address.current() ?? '', {
    // To wait or to send again would delay a request, or count it twice.
    ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false },
    ...{ connectTimeout: CONNECT_MS, socketTimeout: CONNECT_MS, disconnectTimeout: DISCONNECT_MS },
    retryStrategy: () => RECONNECT_MS,
    // After a failover, the old primary may still be there.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    scripts: { gcra: { lua: GCRA, numberOfKeys: 1 } },
  })
  client.on('error', () => {})
  followRedisAddress(client, address)
  // `scripts` has made it a method.
  const scripted = client as unknown as Scripted
  return {
    take: async (key, limit, elsewhere = 0) => {
      const pace = paceOf(limit)
      const deciding = scripted.gcra(PREFIX + key, pace.intervalUs, pace.burst, elsewhere)
      const [waitUs, fullInUs] = await withTimeout(timeoutMs, deciding)
      return toRateLimitDecision({ waitUs, fullInUs }, pace)
    },
    probe: async () => {
      const probing = Promise.all([client.set(MEMORY_KEY, randomUUID(), 'NX'), client.get(MEMORY_KEY)])
      const [, name] = await withTimeout(timeoutMs, probing)
      return name ?? ''
    },
    onUp: (listener) => void client.on('ready', listener),
    onDown: (listener) => {
      client.on('error', listener)
      client.on('close', () => listener(new Error('the connection to Redis is closed')))
    },
    firstAttempt: once(client, 'ready', { signal: AbortSignal.timeout(CONNECT_MS) }).catch(() => {}),
    close: () => client.disconnect(),
  }
}

interface Scripted {
  gcra(key: string, intervalUs: number, burst: number, elsewhere: number): Promise<[waitUs: number, fullInUs: number]>
}

/** The same as `decide` in `gcra`, but that requests let through elsewhere are owed first. */
const GCRA = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst, elsewhere = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]) or now)
local owed = math.min(math.max(full_at - now, 0) + elsewhere * interval, burst * interval)
local wait = owed + interval - burst * interval
if wait > 0 and elsewhere == 0 then return { wait, owed } end
local full_in = wait > 0 and owed or owed + interval
redis.call('SET', KEYS[1], string.format('%.0f', now + full_in), 'PX', math.ceil(full_in / 1000))
return { wait, full_in }`
