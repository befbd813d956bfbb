import type pg from 'pg'

interface Day {
  readonly daysAgo: number
  readonly events: number
  /** How many of them are not done: half of them wait, half are dead. */
  readonly open: number
}

/** Makes the parts of a day in the past, and fills them as the traffic of that day would have. */
export async function fillDay(pool: pg.Pool, { daysAgo, events, open }: Day): Promise<void> {
  await untilLocked(() => pool.query(partsSql(daysAgo)))
  await pool.query(fillSql, [daysAgo, events, open])
}

const LOCK_NOT_AVAILABLE = '55P03'

/** Tries again until its locks are free at once. */
async function untilLocked(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      return void (await work())
    } catch (error) {
      if (Object(error).code !== LOCK_NOT_AVAILABLE) throw error
    }
  }
}

const partsSql = (daysAgo: number) => /* sql */ `
do $$
declare
  day timestamptz := date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - ${daysAgo} * interval '1 day';
  part text;
  kept record;
begin
  -- As ebb.make_history does.
  perform set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '20ms', true);
  for kept in select name from ebb.history loop
    part := kept.name || to_char(day at time zone 'UTC', '"_"YYYYMMDD');
    execute format('create table ebb.%I (like ebb.%I including defaults including indexes)', part, kept.name || '_default');
    execute format('alter table ebb.%I attach partition ebb.%I for values from (%L) to (%L)', kept.name, part, day, day + interval '1 day');
  end loop;
end $$`

/** $1 days ago, $2 events, $3 of them that are not done. */
const fillSql = /* sql */ `
with day as (
  select date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - $1::int * interval '1 day' as at
),
emitted as (
  insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, created_at, fanned_out_at)
  select gen_random_uuid(), 'order.placed', '/functions/place-order', jsonb_build_object('n', n, 'note', repeat('x', 200)),
         '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', gen_random_uuid()::text, 'ann',
         at + n * interval '1 day' / ($2::int + 1), now()
  from day, generate_series(1, $2::int) as n
  returning id, created_at, (payload ->> 'n')::int as n
),
opened as (
  insert into ebb.delivery (event_id, consumer, state, attempts, available_at, settled_at, event_time)
  select id, 'open', case when n % 2 = 0 then 'dead' else 'waiting' end, 1, created_at + interval '100 years',
         case when n % 2 = 0 then now() end, created_at
  from emitted where n <= $3::int
),
attempted as (
  insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, traceparent, outcome)
  select id, case when n <= $3::int then 'open' else 'confirm-order' end, 1, created_at, 12, 204,
         '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', case when n <= $3::int then 'retry' else 'done' end
  from emitted
),
taken as (
  insert into ebb.inbox (consumer, source, id, event_time)
  select 'confirm-order', '/functions/place-order', id::text, created_at from emitted
)
insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body, created_at)
select 'ann', 'place-order', id::text, sha256(id::text::bytea), 201, '{}', repeat('x', 200)::bytea, created_at from emitted`
