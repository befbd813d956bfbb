import { Problem } from 'ebb/contract'
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

/** Of each kind of rows no more are counted: that it is very much is all that anybody needs to know then. */
export const MAX_COUNTED = 100_000

const countOf = (rows: string) => `(select count(*) from (select from ${rows} limit ${MAX_COUNTED}) as counted)`

/** A part of a WITH RECURSIVE: the names that something waits for, by one look into the index for each. */
const namesOf = (table: string, column: string) => `(
  (select ${column} as name from ${table} where state = 'waiting' order by ${column} limit 1)
  union all
  select (select ${column} from ${table} where state = 'waiting' and ${column} > name order by ${column} limit 1)
  from ${table.replace('ebb.', '')}_names where name is not null
)`

const oldestOf = (table: string, column: string) => `(
  select min(oldest) from ${table.replace('ebb.', '')}_names cross join lateral (
    select min(available_at) as oldest from ${table} where state = 'waiting' and ${column} = name
  ) as first
)`

/**
 * Events that have no deliveries yet count as one each. What is in back-off waits, and is not due; what a relay has in
 * hand does neither. A dead invocation is no dead letter: its caller is told. The cost does not grow with the backlog.
 */
const backlogSql = /* sql */ `
with recursive delivery_names (name) as ${namesOf('ebb.delivery', 'consumer')},
invocation_names (name) as ${namesOf('ebb.invocation', 'function')},
waiting (kind, size, due_at) as (
  select 'event', ${countOf('ebb.outbox where fanned_out_at is null')},
         (select min(created_at) from ebb.outbox where fanned_out_at is null)
  union all
  select 'event', ${countOf("ebb.delivery where state = 'waiting'")}, ${oldestOf('ebb.delivery', 'consumer')}
  union all
  select 'invocation', ${countOf("ebb.invocation where state = 'waiting'")}, ${oldestOf('ebb.invocation', 'function')}
),
counted as (
  select kind, sum(size)::int8 as size,
         coalesce(greatest(0, extract(epoch from now() - min(due_at))), 0)::float8 as age_seconds
  from waiting group by kind
)
select (select jsonb_agg(jsonb_build_object('kind', kind, 'size', size, 'ageSeconds', age_seconds)) from counted) as waiting,
       ${countOf("ebb.delivery where state = 'dead'")} as dead_letters`

interface Row {
  readonly waiting: Backlog['waiting']
  readonly dead_letters: number
}

/** The database itself ends a look that takes longer than `limitMs`, and by that shows that it is there. */
export async function readBacklog(client: pg.ClientBase, { limitMs }: { readonly limitMs: number }): Promise<Backlog> {
  // Statements that are sent as one text are one transaction, and give a result each.
  const results: unknown = await client.query(`set local statement_timeout = ${limitMs}; ${backlogSql}`)
  const [, { rows }] = results as readonly [unknown, pg.QueryResult<Row>]
  const [{ waiting, dead_letters: deadLetters } = { waiting: [], dead_letters: 0 }] = rows
  return { waiting, deadLetters }
}

/** Whether a look failed although the database is there: it has too much to do for it. */
export const isTooSlow = (fault: unknown): boolean => fault instanceof Problem && fault.code === 'deadline_exceeded'
