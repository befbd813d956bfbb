import type pg from 'pg'

/** How many calls a function is still to get. */
export interface WaitingCounts {
  readonly deliveries: number
  readonly invocations: number
}

/** Counts the calls that wait for a function, or that a relay has leased. */
export async function countWaiting(pool: pg.Pool, name: string): Promise<WaitingCounts> {
  const { rows } = await pool.query<WaitingCounts>(countWaitingSql, [name])
  return rows[0] ?? { deliveries: 0, invocations: 0 }
}

const countWaitingSql = /* sql */ `
select (select count(*) from ebb.delivery where consumer = $1 and state = 'waiting')
         + (select count(*) from ebb.delivery where consumer = $1 and state = 'leased') as deliveries,
       (select count(*) from ebb.invocation where function = $1 and state = 'waiting')
         + (select count(*) from ebb.invocation where function = $1 and state = 'leased') as invocations`

/** Where each kind of calls waits, and which column names the function. */
const QUEUES = {
  delivery: ['ebb.delivery', 'consumer'],
  invocation: ['ebb.invocation', 'function'],
} as const

export type QueueKind = keyof typeof QUEUES

/** When the first call is due that waits for a function, and from when on the next look has to begin. */
export interface Due {
  /** Milliseconds; 0 or less where it is due already, undefined where none waits. */
  readonly inMs?: number
  /** No call was due before. */
  readonly since: string
}

/**
 * Finds when the next call is due for each of these functions. With the `since` of an earlier look, it reads nothing of before
 * that: what was due then is dead to everybody but an old snapshot, which may be held for hours.
 */
export async function findDue(
  pool: pg.Pool,
  kind: QueueKind,
  functions: readonly { readonly name: string; readonly since?: string | undefined }[],
): Promise<ReadonlyMap<string, Due>> {
  if (functions.length === 0) return new Map()
  const values = [functions.map(({ name }) => name), functions.map(({ since }) => since ?? '-infinity')]
  const { rows } = await pool.query<{ name: string; in_ms: number | null; since: string }>(findDueSql(kind), values)
  return new Map(rows.map(({ name, in_ms, since }) => [name, { since, ...(in_ms === null ? {} : { inMs: in_ms }) }]))
}

/**
 * What is about to be committed may be due since a moment ago: the next look begins two seconds before now, or at what waits already. $1
 * functions, $2 from when on (parallel arrays).
 */
const findDueSql = (kind: QueueKind): string => {
  const [table, column] = QUEUES[kind]
  return /* sql */ `
select name, ceil(extract(epoch from first.available_at - now()) * 1000)::float8 as in_ms,
       greatest(asked.since, least(first.available_at, now() - interval '2 s'))::text as since
from unnest($1::text[], $2::timestamptz[]) as asked (name, since) left join lateral (
  select available_at from ${table}
  where state = 'waiting' and ${column} = asked.name and available_at >= asked.since and available_at < 'infinity'
  order by available_at
  limit 1
) as first on true`
}

/**
 * Records which functions this relay's contracts have, and finds those that calls wait for although no relay has had them
 * for `afterMs`: while relays of two versions run side by side, each knows functions that the other does not.
 */
export async function findOrphaned(
  pool: pg.Pool,
  kind: QueueKind,
  { known, afterMs }: { readonly known: readonly string[]; readonly afterMs: number },
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(findOrphanedSql(kind), [known, afterMs])
  return rows.map(({ name }) => name)
}

/**
 * Records that these functions ($1) are in a relay's contracts. Returns the names of others that calls wait for although
 * no relay has known them for $2 milliseconds; one that is new to all relays is recorded, and has that time from now on.
 * In the order of names, so that relays do not wait for each other in a cycle.
 */
const findOrphanedSql = (kind: QueueKind): string => {
  const [table, column] = QUEUES[kind]
  return /* sql */ `
with recursive names (name) as (
  (select ${column} from ${table} where state = 'waiting' order by ${column} limit 1)
  union all
  select (select ${column} from ${table} where state = 'waiting' and ${column} > name order by ${column} limit 1)
  from names where name is not null
),
orphaned as materialized (
  select name from names where name is not null and name <> all ($1::text[])
  union
  select ${column} from ${table} where state = 'leased' and locked_until < now() and ${column} <> all ($1::text[])
),
recorded as (
  insert into ebb.known_function (kind, name)
  select '${kind}', name from (select unnest($1::text[]) as name union select name from orphaned) as all_names order by name
  on conflict (kind, name) do update set seen_at = now() where excluded.name = any ($1::text[])
)
select name from orphaned join ebb.known_function using (name)
where kind = '${kind}' and seen_at < now() - $2 * interval '1 ms'`
}
