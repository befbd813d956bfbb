import { AsyncLocalStorage } from 'node:async_hooks'
import { Redis, type RedisOptions } from 'ioredis'
import type { Log, Resource } from '../kernel/index.ts'
import { markHandled } from './resource.ts'

const COMMAND_TIMEOUT_MS = 1_000
/** After which a connection with a command under way counts as broken, though nobody said so. */
const SOCKET_TIMEOUT_MS = 2_000

/** Redis for a handler, or undefined where none is configured: no function may depend on it. Commands end after 1 s. */
export const redis: Resource<Redis | undefined, Redis | undefined> = {
  stores: ['redis'],
  open: ({ REDIS_URL }, log) => {
    if (!REDIS_URL) return undefined
    const client = openRedis(REDIS_URL, {
      ...{ commandTimeout: COMMAND_TIMEOUT_MS, socketTimeout: SOCKET_TIMEOUT_MS, maxRetriesPerRequest: 1 },
    })
    const turn = createOutageReporter(log, {
      away: 'redis is not reachable; going on without it',
      back: 'redis is reachable again',
    })
    client.on('error', (fault: Error) => turn(false, fault))
    client.on('ready', () => turn(true))
    return client
  },
  bind: (client) => client,
  close: async (client) => client?.disconnect(),
}

const CONNECT_TIMEOUT_MS = 1_000
const DISCONNECT_TIMEOUT_MS = 100

/** A client that connects when it is first used, and again whenever it must. */
export function openRedis(url: string, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const client = new Redis(url, {
    ...{ lazyConnect: true, connectTimeout: CONNECT_TIMEOUT_MS, disconnectTimeout: DISCONNECT_TIMEOUT_MS },
    // After a failover, the old primary may still be there.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    ...options,
  })
  // Unheard, the event is printed. Whoever sends a command hears of the fault.
  client.on('error', () => {})
  keepAsyncContext(client)
  return client
}

/**
 * A command that waits for the connection is sent by whoever made that; its span, and what follows, still belong to the
 * request that it is of.
 */
function keepAsyncContext(client: Redis): void {
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
    if (sent instanceof Promise) void markHandled(sent)
    return sent
  }
}

interface OutageReporterOptions {
  /** For how long nothing may succeed before a loss is said: where a process is busy, one answer is soon late. */
  readonly minOutageMs?: number
  /** Whether the first turn is said at once, whichever it is; else it is taken that Redis is there. */
  readonly reportsInitialState?: boolean
  readonly now?: () => number
}

/** Says that Redis is away, and that it is back: one line each way, however often it is told. */
export function createOutageReporter(
  log: Pick<Log, 'info' | 'warn'>,
  { away, back }: Readonly<Record<'away' | 'back', string>>,
  { minOutageMs = 0, reportsInitialState = false, now = () => performance.now() }: OutageReporterOptions = {},
) {
  let said = reportsInitialState ? undefined : true
  let missedAt: number | undefined
  return function turn(up: boolean, fault?: unknown): void {
    missedAt = up ? undefined : (missedAt ?? now())
    const isNews = missedAt === undefined || said === undefined || now() - missedAt >= minOutageMs
    if (said === up || !isNews) return
    said = up
    if (up) log.info(back)
    else log.warn({ reason: redactReason(fault) }, away)
  }
}

/** An answer of Redis may quote what was sent, and its fault carries it: a password, or a value. */
function redactReason(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault)
  if (fault.name === 'ReplyError') return fault.message.split(' ', 1)[0] ?? ''
  return 'code' in fault ? String(fault.code) : fault.message
}
