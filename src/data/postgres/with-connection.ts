import { AsyncLocalStorage } from 'node:async_hooks'
import type pg from 'pg'
import { startTimeout } from '../../kernel/promises.ts'
import { CONNECTION_WAIT } from '../../protocol/traces/span.ts'
import { inSpan } from '../../telemetry/index.ts'
import { sendCancelRequest } from './connection.ts'
import { createConnectionSlots, maxWaitMs, poolExhausted } from './connection-slots.ts'
import { databaseUnavailable, isUnavailable, toProblem } from './database-error.ts'
import { UnresponsiveError } from './pool.ts'

/** Within this a cancelled statement must have ended, and the server must have confirmed it. */
const CANCEL_GRACE_MS = 1_000
/** How long a COMMIT may take beyond the deadline: it cannot be taken back, and its outcome is worth a wait. */
const COMMIT_GRACE_MS = 2_000
const DEFAULT_TIMEOUT_MS = 6_000

/** Where `withConnection` takes its connections from. */
export interface ConnectionSource {
  readonly pool: pg.Pool
  /** Settled when the pool's first connection has been tried: a request that waits for that one opens no second one. */
  readonly connected?: Promise<void>
}

/** How long one use of a connection may wait and take. */
export interface ConnectionLimits {
  readonly signal: AbortSignal
  /** The limit of all of it; nine tenths of that, but at most 5 s, is the longest wait for a connection. Default: 6 s. */
  readonly timeoutMs?: number
}

interface BoundConnection {
  readonly client: pg.PoolClient
  /** From here on the signal cancels nothing; throws where it came first. To be called right before COMMIT. */
  readonly disableCancellation: () => void
}

/**
 * Runs `work` on one connection of the pool. When the signal aborts, the running statement is cancelled and the promise
 * rejects with the signal's reason at once. The connection is used again only where the server has confirmed within 1 s
 * that the cancel request was processed; else it is destroyed. A wait for a connection that exceeds nine tenths of `timeoutMs` ends
 * in a Problem 503, whatever the reason: none is free, or the server does not answer. A second connection within `work`
 * is refused at once: if each of all connections' users waited for one more, all would wait forever.
 */
export async function withConnection<Result>(
  source: ConnectionSource,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: ConnectionLimits,
  work: (connection: BoundConnection) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  refuseSecondConnection(source.pool)
  const slots = slotsOf(source.pool)
  const latestAt = performance.now() + maxWaitMs(timeoutMs)
  const wait = slots.acquire({ signal, timeoutMs })
  if (wait) await inSpan(CONNECTION_WAIT, 'internal', () => wait)
  const acquiredAt = performance.now()
  const current = { pool: source.pool, isReleased: false }
  const onRelease = () => {
    current.isReleased = true
    slots.release(performance.now() - acquiredAt)
  }
  let client: pg.PoolClient
  try {
    client = await slots.open(connect(source, { signal, limitMs: Math.max(latestAt - acquiredAt, 0) }))
  } catch (error) {
    onRelease()
    throw error
  }
  return currentConnection.run(current, () => bindConnection(client, { signal, work, onRelease }))
}

/**
 * Runs a query that no request's deadline ends, within `limitMs`: then it is cancelled, and its connection is free again or
 * destroyed. Rejects with a Problem 503 while the database is unavailable.
 */
export async function queryWithTimeout<Result>(
  pool: pg.Pool,
  limitMs: number,
  query: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController()
  const stop = startTimeout(limitMs, () => limit.abort(new Error(`the database did not answer within ${limitMs} ms`)))
  try {
    return await withConnection({ pool }, { signal: limit.signal, timeoutMs: limitMs }, ({ client }) => query(client))
  } finally {
    stop()
  }
}

/** Throws where the code that runs holds a connection of this pool. */
export function refuseSecondConnection(pool: pg.Pool): void {
  const outer = currentConnection.getStore()
  if (outer?.pool === pool && !outer.isReleased) throw new Error(SECOND_CONNECTION_MESSAGE)
}

/** The connection of the code that runs. What it leaves to run later sees that it was released. */
const currentConnection = new AsyncLocalStorage<{ readonly pool: pg.Pool; isReleased: boolean }>()
const SECOND_CONNECTION_MESSAGE =
  'this statement would wait for a second connection while its request holds one; within sql.snapshot, use the sql that it gives'

interface BindConnectionOptions<Result> {
  readonly signal: AbortSignal
  readonly work: (connection: BoundConnection) => Promise<Result>
  /** Called when the connection is back in the pool, or destroyed. */
  readonly onRelease: () => void
}

async function bindConnection<Result>(
  client: pg.PoolClient,
  { signal, work, onRelease }: BindConnectionOptions<Result>,
): Promise<Result> {
  let isCancellable = true
  let released = false
  let cancelled: Promise<boolean> | undefined
  let stopGrace = () => {}
  const release = (broken: Error | boolean) => {
    stopGrace()
    if (released) return
    released = true
    client.release(broken)
    onRelease()
  }
  const disableCancellation = () => {
    signal.throwIfAborted()
    isCancellable = false
  }
  const aborted = Promise.withResolvers<never>()
  const giveUp = () => release(isBusy(client) ? new UnresponsiveError() : true)
  const onAbort = () => {
    stopGrace = startTimeout(isCancellable ? CANCEL_GRACE_MS : COMMIT_GRACE_MS, giveUp)
    if (!isCancellable) return
    aborted.reject(signal.reason)
    cancelled = sendCancelRequest(client)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  const releaseWhenIdle = (isBroken: boolean) => {
    if (isBroken || !cancelled) return release(isBroken)
    void cancelled.then(async (done) => release(!(done && (await isIdle(client)))))
  }
  const working = work({ client, disableCancellation }).then(
    (result) => {
      releaseWhenIdle(false)
      return result
    },
    (error: unknown) => {
      releaseWhenIdle(isUnavailable(error) || isUnavailable(error instanceof Error ? error.cause : undefined))
      throw toProblem(error)
    },
  )
  try {
    return await Promise.race([working, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Whether the server owes a reply to a statement. pg's types leave this private member out. */
const isBusy = (client: pg.PoolClient) =>
  (client as unknown as { readonly readyForQuery: boolean }).readyForQuery === false

/**
 * Whether nothing is left of a transaction, nor of a cancel that the server has taken: it would have acted on that before
 * it replies to another statement.
 */
async function isIdle(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('select')
    return client.getTransactionStatus() === 'I'
  } catch {
    return false
  }
}

/** For how long the connections of a pool were in use, all together. */
export const heldSecondsOf = (pool: pg.Pool): number => slotsOf(pool).heldMs() / 1_000

const slotsByPool = new WeakMap<pg.Pool, ReturnType<typeof createConnectionSlots>>()

function slotsOf(pool: pg.Pool) {
  const known = slotsByPool.get(pool)
  if (known) return known
  const slots = createConnectionSlots(pool.options.max)
  slotsByPool.set(pool, slots)
  return slots
}

/** Waits for a connection no longer than the signal and the limit allow. Nothing has been sent by then, so it is a 503. */
async function connect(
  { pool, connected }: ConnectionSource,
  { signal, limitMs }: { readonly signal: AbortSignal; readonly limitMs: number },
): Promise<pg.PoolClient> {
  const connecting = connected ? connected.then(() => pool.connect()) : pool.connect()
  const ended = Promise.withResolvers<never>()
  const giveUp = (reason: unknown) => {
    ended.reject(reason)
    connecting.then((client) => client.release()).catch(() => {})
  }
  const onAbort = () => giveUp(signal.reason)
  const limit = setTimeout(() => giveUp(databaseUnavailable()), limitMs)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([connecting, ended.promise])
  } catch (error) {
    // All connections are in use, and the wait for one was in vain: the database itself may be well.
    const isExhausted = pool.totalCount >= pool.options.max && pool.idleCount === 0
    throw isExhausted && isUnavailable(error) ? poolExhausted(error) : toProblem(error)
  } finally {
    clearTimeout(limit)
    signal.removeEventListener('abort', onAbort)
  }
}
