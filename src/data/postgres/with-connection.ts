import { AsyncLocalStorage } from 'node:async_hooks'
import type pg from 'pg'
import { sendCancelRequest } from './connection.ts'
import { createConnectionSlots, maxWaitMs, poolExhausted } from './connection-slots.ts'
import { databaseUnavailable, isUnavailable, toProblem } from './database-error.ts'
import { UnresponsiveError } from './pool.ts'

/** In which a statement that was cancelled must have ended, and the server must have proved it. */
const CANCEL_GRACE_MS = 1_000
/** What a COMMIT may take beyond the deadline: it cannot be taken back, and its outcome is worth a wait. */
const COMMIT_GRACE_MS = 2_000
const TIMEOUT_MS = 6_000

export interface ConnectionSource {
  readonly pool: pg.Pool
  /** Settled when the pool's first connection has been tried: whoever waits for that one needs no other. */
  readonly connected?: Promise<void>
}

export interface ConnectionLimits {
  readonly signal: AbortSignal
  /** What all of it may take: nine tenths of that, but at most 5 s, is the longest wait for a connection. Default: 6 s. */
  readonly timeoutMs?: number
}

interface BoundConnection {
  readonly client: pg.PoolClient
  /** From here on nothing cancels: throws where the signal came first. To be called right before COMMIT. */
  readonly disableCancellation: () => void
}

/**
 * Lends one connection to `work` until it settles. When the signal aborts, the running statement is cancelled and the
 * caller gets the signal's reason at once. The connection is lent again only where the server has proved within 1 s
 * that the cancel is behind it; else it is destroyed. A wait for one that exceeds nine
 * tenths of `timeoutMs` ends in a 503, whatever it is for: a free one, or a server that does not answer. A second
 * connection within `work` is refused at once: as many as there are, each waiting for one more, would wait for ever.
 */
export async function withConnection<Result>(
  lender: ConnectionSource,
  { signal, timeoutMs = TIMEOUT_MS }: ConnectionLimits,
  work: (loan: BoundConnection) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  const outer = currentConnection.getStore()
  if (outer?.pool === lender.pool && !outer.isOver) throw new Error(SECOND_CONNECTION_MESSAGE)
  const places = slotsOf(lender.pool)
  const latest = performance.now() + maxWaitMs(timeoutMs)
  const wait = places.enter({ signal, timeoutMs })
  if (wait) await wait
  const began = performance.now()
  const loan = { pool: lender.pool, isOver: false }
  const onRelease = () => {
    loan.isOver = true
    places.leave(performance.now() - began)
  }
  let client: pg.PoolClient
  try {
    client = await connect(lender, { signal, limitMs: latest - began })
  } catch (fault) {
    onRelease()
    throw fault
  }
  return currentConnection.run(loan, () => bindConnection(client, { signal, work, onRelease }))
}

/** What the code that runs has borrowed. What it leaves to run later is told of the end. */
const currentConnection = new AsyncLocalStorage<{ readonly pool: pg.Pool; isOver: boolean }>()
const SECOND_CONNECTION_MESSAGE =
  'this statement would wait for a second connection while its request holds one; within sql.snapshot, use the sql that it gives'

interface BindConnectionOptions<Result> {
  readonly signal: AbortSignal
  readonly work: (loan: BoundConnection) => Promise<Result>
  /** Called when the connection is given back or destroyed. */
  readonly onRelease: () => void
}

async function bindConnection<Result>(
  client: pg.PoolClient,
  { signal, work, onRelease }: BindConnectionOptions<Result>,
): Promise<Result> {
  let heldOn = false
  let released = false
  let cancelled: Promise<boolean> | undefined
  let grace: NodeJS.Timeout | undefined
  const release = (fault: Error | boolean) => {
    clearTimeout(grace)
    if (released) return
    released = true
    client.release(fault)
    onRelease()
  }
  const disableCancellation = () => {
    signal.throwIfAborted()
    heldOn = true
  }
  const aborted = Promise.withResolvers<never>()
  const giveUp = () => release(isBusy(client) ? new UnresponsiveError() : true)
  const onAbort = () => {
    // Where this process itself was busy, an answer may wait to be read: immediates run after that.
    grace = setTimeout(() => setImmediate(giveUp), heldOn ? COMMIT_GRACE_MS : CANCEL_GRACE_MS)
    if (heldOn) return
    aborted.reject(signal.reason)
    cancelled = sendCancelRequest(client)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  const giveBack = (isBroken: boolean) => {
    if (isBroken || !cancelled) return release(isBroken)
    void cancelled.then(async (done) => release(!(done && (await isIdle(client)))))
  }
  const working = work({ client, disableCancellation }).then(
    (result) => {
      giveBack(false)
      return result
    },
    (fault: unknown) => {
      giveBack(isUnavailable(fault) || isUnavailable(fault instanceof Error ? fault.cause : undefined))
      throw toProblem(fault)
    },
  )
  try {
    return await Promise.race([working, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Whether the server owes an answer to a statement. pg keeps this for itself; its types leave it out. */
const isBusy = (client: pg.PoolClient) =>
  (client as unknown as { readonly readyForQuery: boolean }).readyForQuery === false

/**
 * Whether nothing is left of a transaction, nor of a cancel that has been done: the server would have acted on that
 * before it answers another statement.
 */
async function isIdle(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('select')
    return client.getTransactionStatus() === 'I'
  } catch {
    return false
  }
}

const slotsByPool = new WeakMap<pg.Pool, ReturnType<typeof createConnectionSlots>>()

function slotsOf(pool: pg.Pool) {
  const known = slotsByPool.get(pool)
  if (known) return known
  const places = createConnectionSlots(pool.options.max)
  slotsByPool.set(pool, places)
  return places
}

/** Waits for a connection no longer than the signal and the limit allow: nothing is sent by then, so it is a 503. */
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
  } catch (fault) {
    // All are lent, and this one waited in vain: the database itself may be well.
    const isCrowded = pool.totalCount >= pool.options.max && pool.idleCount === 0
    throw isCrowded && isUnavailable(fault) ? poolExhausted(fault) : toProblem(fault)
  } finally {
    clearTimeout(limit)
    signal.removeEventListener('abort', onAbort)
  }
}

/**
 * Runs a question that no request's deadline ends within a limit of its own: then it is cancelled, and its connection is
 * free again or destroyed. Rejects with a Problem 503 while the database is away.
 */
export async function queryWithTimeout<Result>(
  pool: pg.Pool,
  limitMs: number,
  question: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController()
  const giveUp = () => limit.abort(new Error(`the database did not answer within ${limitMs} ms`))
  // Where this process itself was busy, the answer may wait to be read: immediates run after that.
  const timer = setTimeout(() => setImmediate(giveUp), limitMs)
  try {
    return await withConnection({ pool }, { signal: limit.signal, timeoutMs: limitMs }, ({ client }) =>
      question(client),
    )
  } finally {
    clearTimeout(timer)
  }
}
