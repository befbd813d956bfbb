import type { Database } from './database.ts'
import type { LoadResult } from './load.ts'

/** The figures of a load; throws where a request failed. */
export function figuresOf({ requests, failures, servedBy }: LoadResult): string {
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
  const by = servedBy.size > 1 ? `, ${[...servedBy.values()].join(' and ')} by either version` : ''
  const figures = `${failed} of ${requests} requests failed${by}`
  if (failed === 0) return figures
  const most = [...failures].slice(0, 6).map(([why, count]) => `${count} × ${why}`)
  throw new Error(`${figures}: ${most.join('; ')}`)
}

/** Looks whether what was acknowledged is there, and each event of it was delivered once. */
export async function checkEffects({ written }: LoadResult, database: Database, table: string): Promise<string> {
  const [counts] = await database.rows<Readonly<Record<string, number>>>(
    `select (select count(*) from ${table} where id::text = any($1))::int as stored,
            (select count(*) from ebb.outbox where subject = any($1))::int as events,
            (select count(*) from ebb.delivery_state d join ebb.outbox o on o.id = d.event_id
               where o.subject = any($1) and d.state = 'done')::int as delivered,
            (select count(*) from ebb.inbox i join ebb.outbox o on o.id::text = i.id
               where o.subject = any($1))::int as received`,
    written,
  )
  const wrong = Object.values(counts ?? {}).some((count) => count !== written.length)
  if (!counts || wrong) throw new Error(`${written.length} acknowledged; ${JSON.stringify(counts)}`)
  return `${written.length} acknowledged: all are stored once, and their events were delivered once`
}
