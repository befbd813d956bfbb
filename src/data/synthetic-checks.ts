import type pg from 'pg'

/** How often a check is made, and for how long a relay may be at it. */
export interface CheckRule {
  readonly name: string
  readonly everySeconds: number
  readonly leaseMs: number
  readonly writes: boolean
}

/** A run that a relay has begun. */
export interface LeasedCheck {
  readonly name: string
  readonly leaseToken: string
  /** Of what writes. */
  readonly key: string | null
  /** What an earlier run has left behind. */
  readonly undo: string | null
}

/** What came of a run. */
export interface CheckRun {
  readonly passed: boolean
  /** Null where there was no response. */
  readonly status: number | null
  readonly durationMs: number
  /** Why it failed. */
  readonly message: string | null
  readonly correlationId: string
}

/** How a check stands. */
export interface CheckState {
  readonly name: string
  /** Less than 0 where it is due; null where no relay has seen it yet. */
  readonly dueInMs: number | null
  readonly failures: number
}

const RULES = 'unnest($1::text[], $2::int[]) as rule (name, every_seconds)'
const valuesOf = (rules: readonly CheckRule[]) => [
  rules.map(({ name }) => name),
  rules.map(({ everySeconds }) => everySeconds),
]
/** When the next run is due, by the interval that the contract has now. */
const DUE_AT = `case when lease_token is not null then locked_until
  else coalesce(began_at + every_seconds * interval '1 second', seen_at) end`
const KEPT_RUNS = 30

/** Finds how checks stand; those that are not known yet are added, and due at once. */
export async function findChecks(pool: pg.Pool, rules: readonly CheckRule[]): Promise<readonly CheckState[]> {
  const { rows } = await pool.query<CheckState>(
    `select name, failures, (extract(epoch from ${DUE_AT} - clock_timestamp()) * 1000)::float8 as "dueInMs"
     from ${RULES} left join ebb.synthetic_check using (name)`,
    valuesOf(rules),
  )
  const news = rows.filter(({ dueInMs }) => dueInMs === null).map(({ name }) => name)
  if (news.length > 0)
    await pool.query('insert into ebb.synthetic_check (name) select unnest($1::text[]) on conflict do nothing', [news])
  return rows
}

/** Begins what is due, each by one relay: a run of what writes gets the key of the one before where the end of that is not known. */
export async function leaseChecks(
  pool: pg.Pool,
  rules: readonly CheckRule[],
  limit: number,
): Promise<readonly LeasedCheck[]> {
  const { rows } = await pool.query<LeasedCheck>(leaseSql, [
    ...valuesOf(rules),
    rules.map(({ leaseMs }) => leaseMs),
    rules.map(({ writes }) => writes),
    limit,
  ])
  return rows
}

const leaseSql = /* sql */ `
with due as (
  select name, lease_ms, writes
  from unnest($1::text[], $2::int[], $3::int[], $4::boolean[]) as rule (name, every_seconds, lease_ms, writes)
  join ebb.synthetic_check using (name)
  where ${DUE_AT} <= clock_timestamp()
  order by began_at nulls first
  limit $5
  for update of synthetic_check skip locked
)
update ebb.synthetic_check
set began_at = clock_timestamp(), lease_token = gen_random_uuid(),
    locked_until = clock_timestamp() + lease_ms * interval '1 millisecond',
    key = case when writes then coalesce(key, gen_random_uuid()) end
from due where synthetic_check.name = due.name
returning synthetic_check.name, lease_token as "leaseToken", key, undo`

type Held = Pick<LeasedCheck, 'name' | 'leaseToken'>

/** Records what takes back what a run has written, before it is called. False where the run is another relay's by now. */
export async function recordUndo(pool: pg.Pool, { name, leaseToken }: Held, undo: string): Promise<boolean> {
  const sql = 'update ebb.synthetic_check set undo = $3 where name = $1 and lease_token = $2'
  return (await pool.query(sql, [name, leaseToken, undo])).rowCount === 1
}

/** Records that nothing of an earlier run is left: the next one that writes has another key. */
export async function recordUndone(pool: pg.Pool, { name, leaseToken }: Held): Promise<string | null> {
  const { rows } = await pool.query<{ readonly key: string }>(
    `update ebb.synthetic_check set undo = null, key = gen_random_uuid() where name = $1 and lease_token = $2 returning key`,
    [name, leaseToken],
  )
  return rows[0]?.key ?? null
}

/** Ends a run: `isClean` says that nothing of it is left. False where it is another relay's by now. */
export async function settleCheck(
  pool: pg.Pool,
  { name, leaseToken }: Held,
  { isClean, ...run }: CheckRun & { readonly isClean: boolean },
): Promise<boolean> {
  const { rowCount } = await pool.query(settleSql, [name, leaseToken, JSON.stringify(run), run.passed, isClean])
  return rowCount === 1
}

const settleSql = /* sql */ `
update ebb.synthetic_check
set lease_token = null, locked_until = null,
    key = case when $5 then null else key end, undo = case when $5 then null else undo end,
    failures = case when $4 then 0 else failures + 1 end,
    failing_since = case when $4 then null else coalesce(failing_since, began_at) end,
    runs = jsonb_path_query_array(
      jsonb_build_array($3::jsonb || jsonb_build_object('at', to_char(began_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) || runs,
      '$[0 to ${KEPT_RUNS - 1}]'
    )
where name = $1 and lease_token = $2`

/** Gives back a run whose end this relay does not wait for: another one begins it at once. */
export async function releaseCheck(pool: pg.Pool, { name, leaseToken }: Held): Promise<void> {
  await pool.query(
    'update ebb.synthetic_check set locked_until = clock_timestamp() where name = $1 and lease_token = $2',
    [name, leaseToken],
  )
}

/** Records that this relay has these checks, and forgets those that no relay has had for `afterMs`. */
export async function forgetChecks(pool: pg.Pool, names: readonly string[], afterMs: number): Promise<void> {
  await pool.query('update ebb.synthetic_check set seen_at = now() where name = any($1) and began_at is not null', [
    names,
  ])
  await pool.query(
    `delete from ebb.synthetic_check where seen_at < now() - $1 * interval '1 millisecond' and name <> all($2)`,
    [afterMs, names],
  )
}

/** What operators see of a check. Times are RFC 3339. */
export interface CheckRecord extends CheckState {
  readonly failingSince: string | null
  readonly nextAt: string | null
  readonly runs: readonly (CheckRun & { readonly at: string })[]
}

const rfc3339 = (time: string): string => `to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** Finds what is known of checks, by name. */
export async function findCheckRecords(
  pool: pg.Pool,
  rules: readonly Pick<CheckRule, 'name' | 'everySeconds'>[],
): Promise<ReadonlyMap<string, CheckRecord>> {
  const { rows } = await pool.query<CheckRecord>(
    `select name, failures, runs, ${rfc3339('failing_since')} as "failingSince", ${rfc3339(DUE_AT)} as "nextAt",
            (extract(epoch from ${DUE_AT} - clock_timestamp()) * 1000)::float8 as "dueInMs"
     from ${RULES} join ebb.synthetic_check using (name)`,
    [rules.map(({ name }) => name), rules.map(({ everySeconds }) => everySeconds)],
  )
  return new Map(rows.map((row) => [row.name, row]))
}

/** Makes a check due at once, in a transaction of the caller's; one that is running is not repeated. */
export async function expediteCheck(client: pg.ClientBase, name: string): Promise<void> {
  await client.query('insert into ebb.synthetic_check (name) values ($1) on conflict do nothing', [name])
  await client.query('update ebb.synthetic_check set began_at = null where name = $1 and lease_token is null', [name])
}
