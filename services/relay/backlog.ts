import { Problem } from 'ebb/contract'
import type pg from 'pg'

/** The calls that wait, and those that were given up, for operators; every relay sees the same. */
export interface Backlog {
  readonly waiting: readonly {
    readonly kind: 'event' | 'invocation'
    readonly size: number
    /** How long the call that is overdue the longest has waited; 0 where none is due. */
    readonly ageSeconds: number
  }[]
  readonly deadLetters: number
}

/** Rows of each kind are counted up to here: beyond it, an exact number would help no operator. */
export const MAX_COUNTED = 100_000

const countOf = (rows: string) => `(select count(*) from (select from ${rows} limit ${MAX_COUNTED}) as counted)`

/** A part of a WITH RECURSIVE: the names that calls wait for, by one index lookup for each. */
const namesOf = (table: string, column: string) => `(
  (select ${column} as name from ${table} where state = 'waiting' order by ${column} limit 1)
  union all
  select (select ${column} from ${table} where state = 'waiting' and ${column} > name order by ${column} limit 1)
  from ${table.replace('ebb.', '')}_names where name is not null
)`

const oldestOf = (table: string, column: string) => `(
  select min(oldest) from ${table.replace('ebb.', '')}_names cross join lateral (
    select min(available_at) as oldest from ${table} where state = 'waiting' and ${column} = name and available_at < 'infinity'
  ) as first
)`

/**
 * Events that have no deliveries yet count as one each. A call in back-off waits and is not due; one that is leased does
 * neither. A dead invocation is no dead letter, since its caller learns of it. The cost does not grow with the backlog.
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

/** Counts. The database itself ends what takes longer than `limitMs`, and by that shows that it is up. */
export async function readBacklog(client: pg.ClientBase, { limitMs }: { readonly limitMs: number }): Promise<Backlog> {
  // Statements that are sent as one text are one transaction, and give a result each.
  const results: unknown = await client.query(`set local statement_timeout = ${limitMs}; ${backlogSql}`)
  const [, { rows }] = results as readonly [unknown, pg.QueryResult<Row>]
  const [{ waiting, dead_letters: deadLetters } = { waiting: [], dead_letters: 0 }] = rows
  return { waiting, deadLetters }
}

/** Whether counting failed although the database is up: it is too busy. */
export const isTooSlow = (error: unknown): boolean => error instanceof Problem && error.code === 'deadline_exceeded'
