import type pg from 'pg'

/** What a function has still to be called with. */
export interface Waiting {
  readonly deliveries: number
  readonly invocations: number
}

const waitingSql = /* sql */ `
select (select count(*) from ebb.delivery where consumer = $1 and state = 'waiting')
         + (select count(*) from ebb.delivery where consumer = $1 and state = 'leased') as deliveries,
       (select count(*) from ebb.invocation where function = $1 and state = 'waiting')
         + (select count(*) from ebb.invocation where function = $1 and state = 'leased') as invocations`

export async function countWaiting(pool: pg.Pool, name: string): Promise<Waiting> {
  const { rows } = await pool.query<Waiting>(waitingSql, [name])
  return rows[0] ?? { deliveries: 0, invocations: 0 }
}
