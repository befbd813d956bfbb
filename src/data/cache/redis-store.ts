import type { Log } from '../../kernel/index.ts'
import { withTimeout } from '../../kernel/promises.ts'
import type { RedisAddress } from '../follow-redis.ts'
import { createOutageReporter, openRedis } from '../redis.ts'
import { connectNodes } from '../redis-client.ts'
import { type CacheStore, TOMBSTONE } from './create-cache.ts'

interface RedisStoreOptions {
  readonly namespace: string
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Default: 50 ms. */
  readonly commandTimeoutMs?: number
  /** For the first connection. Default: 250 ms. */
  readonly connectTimeoutMs?: number
  readonly now?: () => number
}

const COMMAND_TIMEOUT_MS = 50
const CONNECT_TIMEOUT_MS = 250
const RECONNECT_DELAY_MS = 500
/** A connection with a pending command counts as broken after so long without a byte, even if nothing reported an error. */
const SOCKET_TIMEOUT_MS = 1_000
const PROBE_INTERVAL_MS = 500
/** Several failed commands in a row, and not one that this process was too busy to receive in time. */
const MIN_OUTAGE_MS = 2_000
/** Longer than any load: it only bounds how long the lock of a killed process stays. */
const LOCK_TTL_MS = 60_000
const TOMBSTONE_TTL_MS = 2_000

/**
 * A store on Redis. A command takes 50 ms at most; after a failed one, one command per 500 ms is sent until one succeeds,
 * and the others find nothing.
 */
export function openRedisStore(redis: RedisAddress, options: RedisStoreOptions): CacheStore {
  const {
    namespace,
    log,
    commandTimeoutMs = COMMAND_TIMEOUT_MS,
    connectTimeoutMs = CONNECT_TIMEOUT_MS,
    now = () => performance.now(),
  } = options
  const client = openRedis(redis, {
    // A reply that comes later is of no use.
    ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false },
    ...{ retryStrategy: () => RECONNECT_DELAY_MS, socketTimeout: SOCKET_TIMEOUT_MS },
    scripts: SCRIPTS,
  })
  // `scripts` has made them methods.
  const scripted = client as unknown as ScriptedRedis
  const report = createOutageReporter(
    log,
    { lost: 'redis is unreachable or slow; nothing is cached', restored: 'redis is reachable; values are cached' },
    { minOutageMs: MIN_OUTAGE_MS, now },
  )
  let connectionError: Error | undefined
  client.on('error', (error: Error) => {
    connectionError = error
  })
  let connected: Promise<unknown> | undefined
  let pausedUntil = 0

  /** Skips the command while Redis is unreachable: it may as well not be sent. */
  async function sendIfReachable<T>(command: () => Promise<T>): Promise<T | undefined> {
    if (now() < pausedUntil) return undefined
    // This one is the probe: until its outcome is known, the others are skipped.
    if (pausedUntil > 0) pausedUntil = now() + PROBE_INTERVAL_MS
    return send(command)
  }

  async function connect(): Promise<void> {
    await client.connect()
    await connectNodes(client)
  }

  async function send<T>(command: () => Promise<T>): Promise<T | undefined> {
    connected ??= withTimeout(connectTimeoutMs, connect()).catch(() => {})
    await connected
    try {
      const reply = await withTimeout(commandTimeoutMs, command())
      pausedUntil = 0
      connectionError = undefined
      report(true)
      return reply
    } catch (error) {
      pausedUntil = now() + PROBE_INTERVAL_MS
      report(false, connectionError ?? error)
      return undefined
    }
  }

  const redisKeys = (key: string): [value: string, lock: string] => {
    const name = `${namespace}:${key}`
    const placed = client.isCluster ? inOneSlot(name) : name
    return [`ebb:cache:${placed}`, `ebb:cache-lock:${placed}`]
  }
  return {
    getOrLock: async (key, { token, staleMs }) => {
      const reply = await sendIfReachable(() => scripted.getOrLock(...redisKeys(key), token, LOCK_TTL_MS, staleMs))
      const [text, holder] = reply ?? []
      return { ...(typeof text === 'string' ? { text } : {}), ...(holder ? { holder } : {}) }
    },
    put: async (key, text, { holder, ttlMs }) => {
      await sendIfReachable(() => scripted.putIfHolder(...redisKeys(key), holder, Math.ceil(ttlMs), text))
    },
    release: async (key, holder) => {
      await sendIfReachable(() => scripted.releaseIfHolder(...redisKeys(key), holder))
    },
    delete: async (key) => {
      await send(() => scripted.deleteAndLock(...redisKeys(key), TOMBSTONE, TOMBSTONE_TTL_MS))
    },
    close: async () => client.disconnect(),
  }
}

/** A name by which alone a cluster places a key: what stands in the first braces. */
const inOneSlot = (name: string): string => `{${name.replaceAll('%', '%25').replaceAll('}', '%7D')}}`

/** The scripts, as methods of a client that was opened with them. */
export interface ScriptedRedis {
  getOrLock(
    value: string,
    lock: string,
    token: string,
    lockMs: number,
    staleMs: number,
  ): Promise<[string | null, string?]>
  putIfHolder(value: string, lock: string, holder: string, ttlMs: number, text: string): Promise<unknown>
  releaseIfHolder(value: string, lock: string, holder: string): Promise<unknown>
  deleteAndLock(value: string, lock: string, holder: string, lockMs: number): Promise<unknown>
}

/**
 * Each is atomic in Redis. KEYS are a value and its lock; the lock's value is the holder's token.
 *
 * getOrLock: token, lockMs, staleMs -> [text] if that is fresh, else [text or nil, holder]
 * putIfHolder: holder, ttlMs, text · releaseIfHolder: holder · deleteAndLock: holder, lockMs
 */
export const SCRIPTS = {
  getOrLock: {
    numberOfKeys: 2,
    lua: `
local text = redis.call('GET', KEYS[1])
if text and redis.call('PTTL', KEYS[1]) > tonumber(ARGV[3]) then return { text } end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2], 'NX')
return { text, redis.call('GET', KEYS[2]) }`,
  },
  putIfHolder: {
    numberOfKeys: 2,
    lua: `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
return redis.call('DEL', KEYS[2])`,
  },
  releaseIfHolder: {
    numberOfKeys: 2,
    lua: `if redis.call('GET', KEYS[2]) == ARGV[1] then return redis.call('DEL', KEYS[2]) end`,
  },
  deleteAndLock: {
    numberOfKeys: 2,
    lua: `
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])`,
  },
}
