import type pg from 'pg'
import { Problem } from '../contract/index.ts'
import { sendCancelRequest } from './cancel.ts'
import { isAway, toProblem } from './database-fault.ts'

const CANCEL_GRACE_MS = 250

export interface Lender {
  readonly pool: pg.Pool
  /** Settled when the pool's first connection has been tried: whoever waits for that one needs no other. */
  readonly connected?: Promise<void>
}

export interface Loan {
  readonly client: pg.PoolClient
  /** From here on nothing cancels: throws where the signal came first. To be called right before COMMIT. */
  readonly holdOn: () => void
}

/**
 * Lends one connection to `work` until it settles. When the signal aborts, the running statement is cancelled, the
 * caller gets the signal's reason at once, and the connection is destroyed 250 ms later or when it is free: never
 * lent again, since the cancel might reach its next user.
 */
export async function borrow<Result>(
  lender: Lender,
  signal: AbortSignal,
  work: (loan: Loan) => Promise<Result>,
): Promise<Result> {
  const client = await connect(lender, signal)
  let heldOn = false
  let cancelled = false
  let released = false
  let grace: NodeJS.Timeout | undefined
  const release = (destroy: boolean) => {
    clearTimeout(grace)
    if (!released) client.release(destroy || cancelled)
    released = true
  }
  const holdOn = () => {
    signal.throwIfAborted()
    heldOn = true
  }
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => {
    if (heldOn) return
    cancelled = true
    aborted.reject(signal.reason)
    sendCancelRequest(client)
    grace = setTimeout(release, CANCEL_GRACE_MS, true)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  const working = work({ client, holdOn }).then(
    (result) => {
      release(false)
      return result
    },
    (fault: unknown) => {
      release(isAway(fault) || isAway(fault instanceof Error ? fault.cause : undefined))
      throw toProblem(fault)
    },
  )
  try {
    return await Promise.race([working, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Waits for a free connection no longer than the signal allows. */
async function connect({ pool, connected }: Lender, signal: AbortSignal): Promise<pg.PoolClient> {
  signal.throwIfAborted()
  const connecting = connected ? connected.then(() => pool.connect()) : pool.connect()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => {
    aborted.reject(signal.reason)
    connecting.then((client) => client.release()).catch(() => {})
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([connecting, aborted.promise])
  } catch (fault) {
    // All are lent, and this one waited in vain: the database itself may be well.
    const isCrowded = pool.totalCount >= pool.options.max && pool.idleCount === 0
    throw isCrowded && isAway(fault) ? crowded(fault) : toProblem(fault)
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

const crowded = (cause: unknown) =>
  new Problem('unavailable', 503, 'All connections to the database are in use just now.', {
    ...{ cause, retryAfterSeconds: 1 },
  })
