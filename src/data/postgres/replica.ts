import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import type { Log } from '../../kernel/index.ts'
import { startTimeout } from '../../kernel/promises.ts'
import { LATEST_POSITION, parsePosition } from '../../protocol/index.ts'
import { replicaReads } from '../../telemetry/index.ts'
import { isUnavailable } from './database-error.ts'
import { followPosition } from './recent-position.ts'
import { type ConnectionLimits, queryWithTimeout, refuseSecondConnection, withConnection } from './with-connection.ts'

/** How long a replica may take to say how far it is; then it counts as gone. */
const ANSWER_MS = 1_000
/** How long a read waits for a replica to get as far as it needs, before it goes to the database itself. */
const CATCH_UP_MS = 100
const POLL_MS = 5
/** After a wait in vain, or a replica's end: how long reads go to the database at once, before the replica is asked again. */
const AWAY_MS = 1_000

/** Null where the server is no replica: then nobody knows how old its data are. */
export const ASK_REPLAYED = 'select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() end as replayed'
const ASK_POSITION = 'select pg_current_wal_flush_lsn() as position'

/** What the server says to the message that begins a transaction. */
export type Begun = pg.QueryResult | pg.QueryResult[]

/** A read on a connection to a replica; `check` gets what the server says to the transaction's first message, with ASK_REPLAYED in it. */
export type ReplicaRead<Result> = (client: pg.PoolClient, check: (begun: Begun) => void) => Promise<Result>

interface ReplicaRequest extends ConnectionLimits {
  /** What the read must not miss. */
  readonly position: string | undefined
  /** Whether the database may be asked after the read has begun. Default: true. */
  readonly isRepeatable?: boolean
}

/** Where reads may go in place of the database. */
export interface Replica {
  /**
   * Runs a read, and resolves to its result; to undefined where the database itself has to be asked: the replica is gone, or
   * too far behind, or has refused the read, which it may do for reasons of its own.
   */
  read<Result>(request: ReplicaRequest, work: ReplicaRead<Result>): Promise<{ readonly result: Result } | undefined>
  close(): Promise<void>
}

interface ReplicaOptions {
  /** The connections to the database itself. */
  readonly database: pg.Pool
  readonly maxLagMs: number
  readonly log: Pick<Log, 'info' | 'warn'>
}

/** The replica that `pool` leads to, or several: each transaction asks the server that it is on how far that is. */
export function createReplica(pool: pg.Pool, { database, maxLagMs, log }: ReplicaOptions): Replica {
  // What asks in the background belongs to no request.
  const detached = AsyncLocalStorage.snapshot()
  const recent = followPosition(() => detached(askPosition, database), { maxAgeMs: maxLagMs })
  /** How far the server was that answered last. */
  let seen = 0n
  let away: string | undefined
  let asking: Promise<void> | undefined
  let [probeAt, waitAgainAt] = [0, 0]
  replicaReads.known = replicaReads.up = true

  const leave = (why: string, err?: unknown) => {
    probeAt = performance.now() + AWAY_MS
    if (away === undefined) log.warn({ err }, `${why}; reads go to the database itself`)
    away = why
    replicaReads.up = false
  }
  const takeReplayed = (replayed: unknown) => {
    if (typeof replayed !== 'string') throw new GoneError('DATABASE_READ_URL leads to a server that is no replica')
    seen = parsePosition(replayed) ?? 0n
  }
  const ask = () => {
    asking ??= detached(queryReplayed, pool)
      .then(takeReplayed)
      .finally(() => {
        asking = undefined
      })
    return asking
  }
  /** Asks a replica that is away whether it is there again: no request waits for that. */
  async function probe(needed: bigint) {
    if (performance.now() < probeAt) return
    probeAt = performance.now() + AWAY_MS
    await ask().catch(() => {
      seen = 0n
    })
    if (seen < needed || away === undefined) return
    away = undefined
    replicaReads.up = true
    log.info({}, 'reads go to the read replica again')
  }

  async function catchUp(needed: bigint): Promise<boolean> {
    const until = performance.now() + CATCH_UP_MS
    for (;;) {
      await ask()
      if (seen >= needed) return true
      if (performance.now() > until) return false
      await delay(POLL_MS)
    }
  }

  /** Whether it is worth asking for a read that needs so much. */
  async function isReady(needed: bigint, bound: bigint): Promise<boolean> {
    if (away !== undefined) {
      void probe(bound)
      return false
    }
    if (seen >= needed) return true
    if (performance.now() < waitAgainAt) return false
    if (await catchUp(needed)) return true
    waitAgainAt = performance.now() + AWAY_MS
    if (seen < bound) leave(`the read replica is more than ${maxLagMs} ms behind`)
    return false
  }

  async function attempt<Result>(needed: bigint, limits: ConnectionLimits, work: ReplicaRead<Result>) {
    const controller = new AbortController()
    const abort = () => controller.abort(limits.signal.reason)
    limits.signal.addEventListener('abort', abort, { once: true })
    const silence = () => startTimeout(ANSWER_MS, () => controller.abort(new GoneError(SILENT)))
    // A wait for a connection that others use says nothing of the server.
    let stop = isFull(pool) ? () => {} : silence()
    try {
      return await withConnection({ pool }, { ...limits, signal: controller.signal }, ({ client }) => {
        stop()
        stop = silence()
        return work(client, (begun) => {
          stop()
          takeReplayed([begun].flat().find(({ fields }) => fields[0]?.name === 'replayed')?.rows[0]?.replayed)
          if (seen < needed) throw new BehindError('the replica has not replayed what this read needs')
        })
      })
    } finally {
      stop()
      limits.signal.removeEventListener('abort', abort)
    }
  }

  return {
    read: async ({ position, isRepeatable = true, ...limits }, work) => {
      refuseSecondConnection(pool)
      const bound = recent.current()
      const asked = parsePosition(position) ?? 0n
      let begun = false
      try {
        if (bound !== undefined && asked !== LATEST_POSITION) {
          const needed = asked > bound ? asked : bound
          if (await isReady(needed, bound)) {
            const result = await attempt(needed, limits, (client, check) =>
              work(client, (answer) => {
                check(answer)
                begun = true
              }),
            )
            replicaReads.replica++
            return { result }
          }
        }
      } catch (error) {
        limits.signal.throwIfAborted()
        if (begun && !isRepeatable) throw error
        if (error instanceof GoneError) leave(error.message, error.cause)
        else if (isUnavailable(error) || isUnavailable(Object(error).cause)) leave(SILENT, error)
      }
      replicaReads.database++
      return undefined
    },
    close: () => pool.end(),
  }
}

const SILENT = 'the read replica does not respond'

class GoneError extends Error {}
/** The server says how far it is before it answers; so the answer is known to be too old, and is dropped. */
class BehindError extends Error {}

const isFull = ({ totalCount, idleCount, options }: pg.Pool) => totalCount >= options.max && idleCount === 0

async function queryReplayed(pool: pg.Pool): Promise<unknown> {
  try {
    return (await queryWithTimeout(pool, ANSWER_MS, (client) => client.query(ASK_REPLAYED))).rows[0]?.replayed
  } catch (cause) {
    throw new GoneError(SILENT, { cause })
  }
}

async function askPosition(pool: pg.Pool): Promise<bigint> {
  const { rows } = await queryWithTimeout(pool, ANSWER_MS, (client) => client.query(ASK_POSITION))
  const position = parsePosition(rows[0]?.position)
  if (position === undefined) throw new Error('the database does not say how far it is')
  return position
}
