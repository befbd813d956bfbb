import type pg from 'pg'

/** What waits to be called, and what was given up, for the eyes of operators; the same whichever relay tells it. */
export interface Backlog {
  readonly waiting: readonly {
    readonly kind: 'event' | 'invocation'
    readonly size: number
    /** How long the one has waited that is due the longest; 0 where nothing is due. */
    readonly ageSeconds: number
  }[]
  readonly deadLetters: number
}

/**
 * Events that have no deliveries yet count as one each. What is in back-off waits, and is not due; what a relay has in
 * hand does neither. A dead invocation is no dead letter: its caller is told.
 */
const backlogSql = /* sql */ `
with waiting (kind, due_at) as (
  select 'event', created_at from ebb.outbox where fanned_out_at is null
  union all
  select 'event', available_at from ebb.delivery where state = 'waiting'
  union all
  select 'invocation', available_at from ebb.invocation where state = 'waiting'
),
counted as (
  select kind, count(due_at) as size,
         coalesce(greatest(0, extract(epoch from now() - min(due_at))), 0)::float8 as age_seconds
  from (values ('event'), ('invocation')) as kinds (kind) left join waiting using (kind)
  group by kind
)
select (select jsonb_agg(jsonb_build_object('kind', kind, 'size', size, 'ageSeconds', age_seconds)) from counted) as waiting,
       (select count(*) from ebb.delivery where state = 'dead') as dead_letters`

export async function readBacklog(client: pg.ClientBase): Promise<Backlog> {
  const { rows } = await client.query<{ waiting: Backlog['waiting']; dead_letters: number }>(backlogSql)
  const [{ waiting, dead_letters: deadLetters } = { waiting: [], dead_letters: 0 }] = rows
  return { waiting, deadLetters }
}
