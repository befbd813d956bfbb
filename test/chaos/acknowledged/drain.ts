import type pg from 'pg'
import { untilTrue } from '../../support/until.ts'

/** What is left when nothing is disturbed any more: a lease that has to end, and the back-off of asynchronous calls. */
const LIMIT_MS = 120_000

const leftSql = `
  select (select count(*) from ebb.outbox where fanned_out_at is null)
       + (select count(*) from ebb.delivery where state in ('waiting', 'leased'))
       + (select count(*) from ebb.invocation where state in ('waiting', 'leased')) as left`

/** Waits until the relays have nothing more to do; resolves to how much is left when it may wait no longer. */
export async function untilDrained(database: pg.ClientBase): Promise<number> {
  let left = 0
  const isDrained = async () => {
    const { rows } = await database.query<{ left: string }>(leftSql)
    left = Number(rows[0]?.left)
    return left === 0
  }
  await untilTrue(isDrained, { limitMs: LIMIT_MS }).catch(() => {})
  return left
}
