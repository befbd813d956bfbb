import pg from 'pg'
import { makeHistory } from '../../src/data/queue/history.ts'

const BATCH = 200_000

/** Makes the parts of a month, and stores so many events whose deliveries are done, one attempt each. */
export async function fillHistory(databaseUrl: string, settled: number): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 })
  try {
    await makeHistory(pool, 30)
    for (let from = 0; from < settled; from += BATCH) {
      await pool.query(fillSql, [Math.min(BATCH, settled - from)])
    }
    await pool.query('vacuum analyze ebb.outbox, ebb.attempt, ebb.delivery')
  } finally {
    await pool.end()
  }
}

/** $1 events of the last days, of which none is of the last minute. */
const fillSql = /* sql */ `
with made as (
  insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, created_at, fanned_out_at)
  select gen_random_uuid(), 'order.placed', '/functions/place-order', jsonb_build_object('n', n),
         '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'bench', 'bench',
         now() - interval '1 minute' - random() * interval '7 days', now()
  from generate_series(1, $1::int4) as n
  returning id, created_at
)
insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, traceparent, outcome)
select id, 'subscriber-0', 1, created_at, 3, 204, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'done' from made`
