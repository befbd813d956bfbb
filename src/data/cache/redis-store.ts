import type { Log } from '../../kernel/index.ts'
import { createRedis, reportTurns } from '../redis-client.ts'
import { within } from '../within.ts'
import { SCRIPTS, type Scripted } from './scripts.ts'
import { DELETED, type Store } from './store.ts'

interface RedisStoreOptions {
  readonly namespace: string
  readonly log: Pick<Log, 'info' | 'warn'>
  /** The longest wait for an answer. Default: 50 ms. */
  readonly answerMs?: number
  /** The longest wait for the first connection. Default: 250 ms. */
  readonly connectMs?: number
  readonly now?: () => number
}

const ANSWER_MS = 50
const CONNECT_MS = 250
const RECONNECT_MS = 500
/** After which a connection counts as broken, though nobody said so. */
const SILENCE_MS = 1_000
const PAUSE_MS = 500
/** Several misses in a row, and not one that this process was too busy to prevent. */
const LASTED_MS = 2_000
/** Longer than any load, and only a bound for what a killed process leaves. */
const HELD_MS = 60_000
const DELETED_MS = 2_000

/**
 * A store on Redis. A command takes 50 ms at most; after one that failed, only one in 500 ms is tried until one
 * succeeds, and the others find nothing.
 */
export function redisStore(url: string, options: RedisStoreOptions): Store {
  const { namespace, log, answerMs = ANSWER_MS, connectMs = CONNECT_MS, now = () => performance.now() } = options
  const client = createRedis(url, {
    // What comes too late is of no use.
    ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false },
    ...{ retryStrategy: () => RECONNECT_MS, socketTimeout: SILENCE_MS },
    scripts: SCRIPTS,
  })
  // `scripts` has made them methods.
  const scripted = client as unknown as Scripted
  const turn = reportTurns(
    log,
    { away: 'redis is away or slow; nothing is cached', back: 'redis is there; values are cached' },
    { lastedMs: LASTED_MS, now },
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
    if (pausedUntil > 0) pausedUntil = now() + PAUSE_MS
    return tell(command)
  }

  async function tell<T>(command: () => Promise<T>): Promise<T | undefined> {
    connected ??= within(connectMs, client.connect()).catch(() => {})
    await connected
    try {
      const answer = await within(answerMs, command())
      pausedUntil = 0
      broken = undefined
      turn(true)
      return answer
    } catch (fault) {
      pausedUntil = now() + PAUSE_MS
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
      const [text, holder] = (await ask(() => scripted.look(...keysOf(key), mine, HELD_MS, staleMs))) ?? []
      return { ...(typeof text === 'string' ? { text } : {}), ...(holder ? { holder } : {}) }
    },
    put: async (key, text, { holder, forMs }) => {
      await ask(() => scripted.put(...keysOf(key), holder, Math.ceil(forMs), text))
    },
    release: async (key, holder) => {
      await ask(() => scripted.release(...keysOf(key), holder))
    },
    forget: async (key) => {
      await tell(() => scripted.forget(...keysOf(key), DELETED, DELETED_MS))
    },
    close: async () => client.disconnect(),
  }
}
