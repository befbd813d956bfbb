import type { Log } from '../../kernel/index.ts'
import { withTimeout } from '../../kernel/with-timeout.ts'
import { createOutageReporter, openRedis } from '../redis.ts'
import { type CacheStore, TOMBSTONE } from './create-cache.ts'

interface RedisStoreOptions {
  readonly namespace: string
  readonly log: Pick<Log, 'info' | 'warn'>
  /** The longest wait for an answer. Default: 50 ms. */
  readonly commandTimeoutMs?: number
  /** The longest wait for the first connection. Default: 250 ms. */
  readonly connectTimeoutMs?: number
  readonly now?: () => number
}

const COMMAND_TIMEOUT_MS = 50
const CONNECT_TIMEOUT_MS = 250
const RECONNECT_DELAY_MS = 500
/** After which a connection counts as broken, though nobody said so. */
const SOCKET_TIMEOUT_MS = 1_000
const PROBE_INTERVAL_MS = 500
/** Several misses in a row, and not one that this process was too busy to prevent. */
const MIN_OUTAGE_MS = 2_000
/** Longer than any load, and only a bound for what a killed process leaves. */
const LOCK_TTL_MS = 60_000
const TOMBSTONE_TTL_MS = 2_000

/**
 * A store on Redis. A command takes 50 ms at most; after one that failed, only one in 500 ms is tried until one
 * succeeds, and the others find nothing.
 */
export function openRedisStore(url: string, options: RedisStoreOptions): CacheStore {
  const {
    namespace,
    log,
    commandTimeoutMs = COMMAND_TIMEOUT_MS,
    connectTimeoutMs = CONNECT_TIMEOUT_MS,
    now = () => performance.now(),
  } = options
  const client = openRedis(url, {
    // What comes too late is of no use.
    ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false },
    ...{ retryStrategy: () => RECONNECT_DELAY_MS, socketTimeout: SOCKET_TIMEOUT_MS },
    scripts: SCRIPTS,
  })
  // `scripts` has made them methods.
  const scripted = client as unknown as ScriptedRedis
  const turn = createOutageReporter(
    log,
    { away: 'redis is away or slow; nothing is cached', back: 'redis is there; values are cached' },
    { minOutageMs: MIN_OUTAGE_MS, now },
  )
  let broken: Error | undefined
  client.on('error', (fault: Error) => {
    broken = fault
  })
  let connected: Promise<unknown> | undefined
  let pausedUntil = 0

  /** A command that may as well not be sent. */
  async function ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    if (now() < pausedUntil) return undefined
    // Until it is known how this one goes, others go without.
    if (pausedUntil > 0) pausedUntil = now() + PROBE_INTERVAL_MS
    return tell(command)
  }

  async function tell<T>(command: () => Promise<T>): Promise<T | undefined> {
    connected ??= withTimeout(connectTimeoutMs, client.connect()).catch(() => {})
    await connected
    try {
      const answer = await withTimeout(commandTimeoutMs, command())
      pausedUntil = 0
      broken = undefined
      turn(true)
      return answer
    } catch (fault) {
      pausedUntil = now() + PROBE_INTERVAL_MS
      turn(false, broken ?? fault)
      return undefined
    }
  }

  const keysOf = (key: string): [value: string, lock: string] => [
    `ebb:cache:${namespace}:${key}`,
    `ebb:cache-lock:${namespace}:${key}`,
  ]
  return {
    look: async (key, { mine, staleMs }) => {
      const [text, holder] = (await ask(() => scripted.look(...keysOf(key), mine, LOCK_TTL_MS, staleMs))) ?? []
      return { ...(typeof text === 'string' ? { text } : {}), ...(holder ? { holder } : {}) }
    },
    put: async (key, text, { holder, forMs }) => {
      await ask(() => scripted.put(...keysOf(key), holder, Math.ceil(forMs), text))
    },
    release: async (key, holder) => {
      await ask(() => scripted.release(...keysOf(key), holder))
    },
    forget: async (key) => {
      await tell(() => scripted.forget(...keysOf(key), TOMBSTONE, TOMBSTONE_TTL_MS))
    },
    close: async () => client.disconnect(),
  }
}

/** The scripts, as a client that has them offers them. */
export interface ScriptedRedis {
  look(value: string, lock: string, mine: string, heldMs: number, staleMs: number): Promise<[string | null, string?]>
  put(value: string, lock: string, holder: string, forMs: number, text: string): Promise<unknown>
  release(value: string, lock: string, holder: string): Promise<unknown>
  forget(value: string, lock: string, deleted: string, forMs: number): Promise<unknown>
}

/**
 * What Redis does in one step each. KEYS are a value and who holds it; both are of one key.
 *
 * look: mine, heldMs, staleMs -> [text] where that is fresh, else [text or nothing, holder]
 * put: holder, forMs, text · release: holder · forget: deleted, forMs
 */
export const SCRIPTS = {
  look: {
    numberOfKeys: 2,
    lua: `
local text = redis.call('GET', KEYS[1])
if text and redis.call('PTTL', KEYS[1]) > tonumber(ARGV[3]) then return { text } end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2], 'NX')
return { text, redis.call('GET', KEYS[2]) }`,
  },
  put: {
    numberOfKeys: 2,
    lua: `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
return redis.call('DEL', KEYS[2])`,
  },
  release: {
    numberOfKeys: 2,
    lua: `if redis.call('GET', KEYS[2]) == ARGV[1] then return redis.call('DEL', KEYS[2]) end`,
  },
  forget: {
    numberOfKeys: 2,
    lua: `
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])`,
  },
}
