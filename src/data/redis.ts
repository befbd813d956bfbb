import { AsyncLocalStorage } from 'node:async_hooks'
import type { Redis, RedisOptions } from 'ioredis'
import { type Log, liveSetting, type Resource } from '../kernel/index.ts'
import { markHandled } from '../kernel/promises.ts'
import { followRedisAddress, type RedisAddress, toLiveAddress } from './follow-redis.ts'
import { createRedisClient } from './redis-client.ts'

const COMMAND_TIMEOUT_MS = 1_000
/** A connection with a pending command counts as broken after so long without a byte, even if nothing reported an error. */
const SOCKET_TIMEOUT_MS = 2_000

/**
 * Redis for a handler (an ioredis client), or undefined where no REDIS_URL is set: no function may depend on it. A command
 * rejects after 1 s. What is written is not part of the request's transaction.
 * @example
 * export default implement(contract, { redis }, async ({ params: { id } }, { redis }) => {
 *   const quantity = await redis?.get(`quantity:${id}`).catch(() => null)
 *   return { id, quantity: Number(quantity ?? 0) }
 * })
 * @see docs/guide/08-caching.md#what-to-know
 */
export const redis: Resource<Redis | undefined, Redis | undefined> = {
  stores: ['redis'],
  open: (config, log) => {
    if (!config.REDIS_URL) return undefined
    const client = openRedis(liveSetting(config, 'REDIS_URL', log), {
      ...{ commandTimeout: COMMAND_TIMEOUT_MS, socketTimeout: SOCKET_TIMEOUT_MS, maxRetriesPerRequest: 1 },
    })
    const report = createOutageReporter(log, {
      lost: 'redis is not reachable; going on without it',
      restored: 'redis is reachable again',
    })
    client.on('error', (error: Error) => report(false, error))
    client.on('ready', () => report(true))
    return client
  },
  bind: (client) => client,
  close: async (client) => client?.disconnect(),
}

const CONNECT_TIMEOUT_MS = 1_000
const DISCONNECT_TIMEOUT_MS = 100

/** A client that connects on its first command, and reconnects whenever it has to: to where its address is then. */
export function openRedis(redis: RedisAddress, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const address = toLiveAddress(redis)
  const client = createRedisClient(address.current() ?? '', {
    ...{ lazyConnect: true, connectTimeout: CONNECT_TIMEOUT_MS, disconnectTimeout: DISCONNECT_TIMEOUT_MS },
    // After a failover, the old primary may still be there.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    ...options,
  })
  // Without a listener, ioredis prints the error. The caller of a command gets it as a rejection anyway.
  client.on('error', () => {})
  keepAsyncContext(client)
  followRedisAddress(client, address)
  return client
}

/**
 * A command that waits for the connection is sent by the code that made the connection; its span, and what follows, still
 * belong to the request that issued the command.
 */
function keepAsyncContext(client: Redis): void {
  const contexts = new WeakMap<object, ReturnType<typeof AsyncLocalStorage.snapshot>>()
  const send = client.sendCommand.bind(client)
  const sendInContext = (...[command, ...more]: Parameters<Redis['sendCommand']>) => {
    const runInContext = contexts.get(command)
    if (runInContext) return runInContext(() => send(command, ...more))
    if (client.status !== 'ready') contexts.set(command, AsyncLocalStorage.snapshot())
    return send(command, ...more)
  }
  client.sendCommand = (...[command, ...more]: Parameters<Redis['sendCommand']>) => {
    const sent = sendInContext(command, ...more)
    if (sent instanceof Promise) void markHandled(sent)
    return sent
  }
}

interface OutageReporterOptions {
  /** How long nothing may succeed before an outage is logged: a busy process soon misses one reply. Default: 0. */
  readonly minOutageMs?: number
  /** Whether the first state is logged, whichever it is. Default: false, Redis is assumed to be reachable. */
  readonly reportsInitialState?: boolean
  readonly now?: () => number
}

/** Logs when Redis becomes unreachable and when it is back: one line per change, however often a state is reported. */
export function createOutageReporter(
  log: Pick<Log, 'info' | 'warn'>,
  { lost, restored }: Readonly<Record<'lost' | 'restored', string>>,
  { minOutageMs = 0, reportsInitialState = false, now = () => performance.now() }: OutageReporterOptions = {},
) {
  let loggedState = reportsInitialState ? undefined : true
  let failingSince: number | undefined
  return function report(isUp: boolean, error?: unknown): void {
    failingSince = isUp ? undefined : (failingSince ?? now())
    const isSettled = failingSince === undefined || loggedState === undefined || now() - failingSince >= minOutageMs
    if (loggedState === isUp || !isSettled) return
    loggedState = isUp
    if (isUp) log.info(restored)
    else log.warn({ reason: redactReason(error) }, lost)
  }
}

/** An error reply of Redis may quote the command, and with it a password or a value: only its code is logged. */
function redactReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'ReplyError') return error.message.split(' ', 1)[0] ?? ''
  return 'code' in error ? String(error.code) : error.message
}
