import type pg from 'pg'

/** For how long what is over is kept. */
export interface Keep {
  /** Events, their deliveries and attempts, and what subscribers have taken in. */
  readonly eventsDays: number
  /** Stored responses of Idempotency-Keys: at least so long, and a day more at most. */
  readonly keysHours: number
  readonly deadLettersDays: number
  readonly auditDays: number
}

/** What became of the part of a table that holds one day, and how many of its rows are kept for work that is still to be done. */
export interface EndedDay {
  readonly part: string
  /** `detached`: dropped as well; `open`: it holds events that no relay has seen yet; `busy`: a lock was not free at once. Both are tried again. */
  readonly outcome: 'detached' | 'open' | 'too much to keep' | 'busy'
  readonly kept: number
}

const BATCH = 1_000

/** Makes the parts for the next days. Resolves to the number of days from tomorrow on that each table has a part for. */
export async function makeHistory(pool: pg.Pool, days: number): Promise<ReadonlyMap<string, number>> {
  for (;;) {
    const { rows } = await pool.query<MadeRow>('select * from ebb.make_history($1)', [days])
    if (!rows.some(({ made }) => made)) return new Map(rows.map(({ name, days_ahead }) => [name, days_ahead]))
  }
}

interface MadeRow {
  readonly name: string
  readonly days_ahead: number
  /** Whether its next part was made. */
  readonly made: boolean
}

/**
 * Drops each day that is over for longer than its rows are kept; of events, attempts and inbox, none from `unarchived` on (YYYY-MM-DD).
 * Reports what became of the days that were looked at.
 */
export async function dropHistory(
  pool: pg.Pool,
  keep: Keep,
  { unarchived }: { readonly unarchived?: string | undefined } = {},
): Promise<readonly EndedDay[]> {
  const ended: EndedDay[] = []
  for (const [table, hours] of hoursOf(keep)) {
    const values = [table, hours, table === 'idempotency' ? null : (unarchived ?? null)]
    for (let isDetached = true; isDetached; ) {
      const { rows } = await pool.query<EndedDay>(`select * from ebb.detach_history($1, ${KEEP})`, values)
      ended.push(...rows)
      isDetached = rows[0]?.outcome === 'detached'
      // Apart, since it waits for the disk; also what a relay left that was killed in between.
      await pool.query('select ebb.drop_detached($1)', [table])
    }
    await pool.query(`select ebb.delete_kept($1, ${KEEP})`, values)
  }
  return ended
}

/** SQL of how long rows are kept: $2 hours, and at least from the day $3 on. */
const KEEP = "greatest($2 * interval '1 hour', now() - $3::date::timestamp at time zone 'UTC')"

const hoursOf = ({ eventsDays, keysHours }: Keep) => {
  const events = ['attempt', 'inbox', 'outbox'].map((table) => [table, eventsDays * 24] as const)
  return [...events, ['idempotency', keysHours] as const]
}

/** Forgets dead letters that nobody has redriven for so long. Resolves to how many. */
export const forgetDeadLetters = (pool: pg.Pool, { deadLettersDays }: Keep): Promise<number> =>
  inBatches(pool, forgetSql, [deadLettersDays, BATCH])

/** Forgets who changed what so long ago. Resolves to how many changes those were. */
export async function forgetAudit(pool: pg.Pool, { auditDays }: Keep): Promise<number> {
  let sum = 0
  for (let count = BATCH; count === BATCH; sum += count) {
    const { rows } = await pool.query('select ebb.delete_old_audit($1, $2) as count', [auditDays, BATCH])
    count = rows[0]?.count ?? 0
  }
  return sum
}

/** How long a webhook is known as one that was taken: no provider sends one again for so long, but whoever has recorded it might. */
const WEBHOOK_DAYS = 90

/** Forgets which webhooks came so long ago. */
export async function forgetReceived(pool: pg.Pool): Promise<void> {
  for (let count = BATCH; count === BATCH; ) {
    const { rows } = await pool.query('select ebb.forget_received($1, $2) as count', [WEBHOOK_DAYS, BATCH])
    count = rows[0]?.count ?? 0
  }
}

/** Found and deleted under one lock: what is redriven meanwhile is dead no more. */
const forgetSql = /* sql */ `
with old as materialized (
  select event_id, consumer from ebb.delivery
  where state = 'dead' and settled_at < now() - $1 * interval '1 day'
  limit $2
  for update skip locked
)
delete from ebb.delivery using old where delivery.event_id = old.event_id and delivery.consumer = old.consumer`

/** A relay of 0.2 leaves the deliveries that are done where work is looked for: moves them to the history. */
export const takeOverSettled = (pool: pg.Pool): Promise<number> => inBatches(pool, takeOverSql, [BATCH])

const takeOverSql = /* sql */ `
with done as (
  delete from ebb.delivery where (event_id, consumer) in (
    select event_id, consumer from ebb.delivery where state = 'done' limit $1
  )
  returning event_id, consumer, attempts
)
update ebb.attempt set outcome = 'done' from done
where attempt.event_id = done.event_id and attempt.consumer = done.consumer and attempt.number = done.attempts`

async function inBatches(pool: pg.Pool, sql: string, values: readonly unknown[]): Promise<number> {
  let sum = 0
  for (let count = BATCH; count === BATCH; sum += count) count = (await pool.query(sql, [...values])).rowCount ?? 0
  return sum
}
