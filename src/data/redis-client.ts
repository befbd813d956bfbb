import { AsyncLocalStorage } from 'node:async_hooks'
import { Redis, type RedisOptions } from 'ioredis'
import type { Log } from '../kernel/index.ts'
import { heard } from './heard.ts'

const CONNECT_MS = 1_000
const DISCONNECT_MS = 100

/** A client that connects when it is first used, and again whenever it must. */
export function createRedis(url: string, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const client = new Redis(url, {
    ...{ lazyConnect: true, connectTimeout: CONNECT_MS, disconnectTimeout: DISCONNECT_MS },
    // After a failover, the old primary may still be there.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    ...options,
  })
  // Unheard, the event is printed. Whoever sends a command hears of the fault.
  client.on('error', () => {})
  rememberSenders(client)
  return client
}

/**
 * A command that waits for the connection is sent by whoever made that; its span, and what follows, still belong to the
 * request that it is of.
 */
function rememberSenders(client: Redis): void {
  const senders = new WeakMap<object, ReturnType<typeof AsyncLocalStorage.snapshot>>()
  const send = client.sendCommand.bind(client)
  const sendAs = (...[command, ...more]: Parameters<Redis['sendCommand']>) => {
    const sender = senders.get(command)
    if (sender) return sender(() => send(command, ...more))
    if (client.status !== 'ready') senders.set(command, AsyncLocalStorage.snapshot())
    return send(command, ...more)
  }
  client.sendCommand = (...[command, ...more]: Parameters<Redis['sendCommand']>) => {
    const sent = sendAs(command, ...more)
    if (sent instanceof Promise) void heard(sent)
    return sent
  }
}

interface TurnsOptions {
  /** For how long nothing may succeed before a loss is said: where a process is busy, one answer is soon late. */
  readonly lastedMs?: number
  /** Whether the first turn is said at once, whichever it is; else it is taken that Redis is there. */
  readonly saysFirst?: boolean
  readonly now?: () => number
}

/** Says that Redis is away, and that it is back: one line each way, however often it is told. */
export function reportTurns(
  log: Pick<Log, 'info' | 'warn'>,
  { away, back }: Readonly<Record<'away' | 'back', string>>,
  { lastedMs = 0, saysFirst = false, now = () => performance.now() }: TurnsOptions = {},
) {
  let said = saysFirst ? undefined : true
  let missedAt: number | undefined
  return function turn(up: boolean, fault?: unknown): void {
    missedAt = up ? undefined : (missedAt ?? now())
    const isNews = missedAt === undefined || said === undefined || now() - missedAt >= lastedMs
    if (said === up || !isNews) return
    said = up
    if (up) log.info(back)
    else log.warn({ reason: reasonOf(fault) }, away)
  }
}

/** An answer of Redis may quote what was sent, and its fault carries it: a password, or a value. */
export function reasonOf(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault)
  if (fault.name === 'ReplyError') return fault.message.split(' ', 1)[0] ?? ''
  return 'code' in fault ? String(fault.code) : fault.message
}
