import { once } from 'node:events'
import type { Log } from 'ebb/kernel'
import { followRedisAddress, type RedisAddress, toLiveAddress } from '../../../src/data/follow-redis.ts'
import { createOutageReporter } from '../../../src/data/redis.ts'
import { connectNodes, createRedisClient } from '../../../src/data/redis-client.ts'
import { withTimeout } from '../../../src/kernel/promises.ts'

/** Values under a name, each in a field of its own. Nothing rejects: what cannot be had is not there. */
export interface RedisResponses {
  readonly get: (name: string) => Promise<readonly Buffer[]>
  readonly put: (name: string, field: string, value: Buffer, ttlMs: number) => void
  readonly remove: (name: string, field: string) => void
  /** Whether it is worth asking. */
  readonly isUp: () => boolean
  /** Settles when it is known for the first time whether it is. */
  readonly started: Promise<void>
  readonly close: () => void
}

interface RedisResponsesOptions {
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Called for each call that Redis has failed. */
  readonly onFailed?: () => void
  /** Default: 50 ms. */
  readonly timeoutMs?: number
  /** Between two probes of a Redis that is unavailable; default: 500 ms. */
  readonly probeMs?: number
  /** How long an outage lasts before it is logged; default: 2 s. */
  readonly minOutageMs?: number
}

const TIMEOUT_MS = 50
const CONNECT_MS = 1_000
const RECONNECT_MS = 200
const DISCONNECT_MS = 100
const PREFIX = 'ebb:http-cache:'
/** Of one name: more variants than that are no cache. */
const MAX_FIELDS = 32

/** Puts a field, and has the name live at least as long. */
const PUT = `
local isNew = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0
if isNew and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end`

/**
 * Keeps values in Redis as long as that answers within 50 ms. The first call that it fails ends its use, and a probe in the
 * background begins it again, so that no other request waits. An outage is one log line, and its end another.
 */
export function openRedisResponses(redis: RedisAddress, options: RedisResponsesOptions): RedisResponses {
  const { log, onFailed, timeoutMs = TIMEOUT_MS, probeMs = 500, minOutageMs = 2_000 } = options
  const address = toLiveAddress(redis)
  const client = createRedisClient(address.current() ?? '', {
    // A reply that comes later is of no use.
    ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false },
    ...{ connectTimeout: CONNECT_MS, socketTimeout: CONNECT_MS, disconnectTimeout: DISCONNECT_MS },
    retryStrategy: () => RECONNECT_MS,
    // After a failover, the old primary may still be there.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    scripts: { putField: { lua: PUT, numberOfKeys: 1 } },
  })
  // `scripts` has made it a method.
  const scripted = client as unknown as Scripted
  followRedisAddress(client, address)
  const report = createOutageReporter(
    log,
    {
      lost: 'redis is unreachable or slow; each gateway keeps responses for itself',
      restored: 'redis is reachable; gateways share the responses that they keep',
    },
    { minOutageMs },
  )
  let up = false
  let closed = false
  const setUp = (isUp: boolean, error?: unknown) => {
    if (closed) return
    up = isUp
    report(isUp, error)
  }
  const probe = () =>
    withTimeout(timeoutMs, client.ping()).then(
      () => setUp(true),
      (error) => setUp(false, error),
    )
  const fail = (error: unknown) => {
    onFailed?.()
    setUp(false, error)
  }
  client.on('ready', () => void connectNodes(client).then(probe))
  client.on('error', (error: Error) => setUp(false, error))
  client.on('close', () => setUp(false, new Error('the connection to Redis is closed')))
  const timer = setInterval(() => {
    if (!up) void probe()
  }, probeMs).unref()

  return {
    get: async (name) => {
      if (!up) return []
      try {
        return await withTimeout(timeoutMs, client.hvalsBuffer(PREFIX + name))
      } catch (error) {
        fail(error)
        return []
      }
    },
    put: (name, field, value, ttlMs) => {
      if (!up) return
      withTimeout(timeoutMs, scripted.putField(PREFIX + name, field, value, Math.ceil(ttlMs), MAX_FIELDS)).catch(fail)
    },
    remove: (name, field) => {
      if (up) withTimeout(timeoutMs, client.hdel(PREFIX + name, field)).catch(fail)
    },
    isUp: () => up,
    started: once(client, 'ready', { signal: AbortSignal.timeout(CONNECT_MS) }).then(probe, () => {}),
    close: () => {
      closed = true
      clearInterval(timer)
      client.disconnect()
    },
  }
}

interface Scripted {
  putField(name: string, field: string, value: Buffer, ttlMs: number, maxFields: number): Promise<unknown>
}
