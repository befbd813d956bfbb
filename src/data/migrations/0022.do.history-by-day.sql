-- The tables of history are partitioned by day. A parent has no index and no key: each part has those of the one before.
-- Safe beside 0.2.0: no insert of its own names a key to conflict with, and those of the routines that it calls are below.
alter table ebb.attempt
  drop constraint attempt_event_id_consumer_fkey,
  -- What came of it; null for attempts that a relay of 0.2 has recorded.
  add column outcome    text check (outcome in ('retry', 'done', 'dead', 'dropped')),
  -- Of a delivery that is over: the attempts before its last redrive, and which one that was.
  add column forgiven   integer,
  add column redrive_id uuid;
create index attempt_ended on ebb.attempt (event_id, consumer) where outcome in ('done', 'dropped');

-- Of a delivery there is a row as long as there is work: once it is done, its last attempt says so. Those that are done already
-- stay where they are until their day is over.
alter table ebb.delivery drop constraint delivery_event_id_fkey;
alter table ebb.delivery rename to delivery_before;
create table ebb.delivery (like ebb.delivery_before including all);
alter table ebb.delivery
  add foreign key (redrive_id) references ebb.redrive (id),
  -- When the event was emitted: it is looked for in the part of that day.
  add column event_time timestamptz;
-- Rows come and go, and are few: what is dead is cleaned up before scans notice.
alter table ebb.delivery set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
insert into ebb.delivery
select delivery.*, created_at from ebb.delivery_before as delivery join ebb.outbox on id = event_id where state <> 'done';
delete from ebb.delivery_before where state <> 'done';

-- In the order of transactions: all that are older than the oldest one still running have been seen by whoever looks.
alter table ebb.outbox add column transaction_id xid8;
alter table ebb.outbox alter column transaction_id set default pg_current_xact_id();
-- One index of what is fresh, not two: a planner that believes that nothing is would choose either.
create index outbox_fresh on ebb.outbox (transaction_id) where fanned_out_at is null;
drop index ebb.outbox_waiting;

do $$
declare
  history record;
  changed record;
  privilege record;
begin
  for history in select * from ebb.history loop
    execute format('alter table ebb.%I rename to %I', history.name, history.name || '_before');
    execute format('create table ebb.%I (like ebb.%I including defaults) partition by range (%I)',
                   history.name, history.name || '_before', history.time_column);
    execute format('create table ebb.%I (like ebb.%I including defaults including indexes)',
                   history.name || '_default', history.name || '_before');
    execute format('alter table ebb.%I attach partition ebb.%I for values from (minvalue) to (%L)',
                   history.name, history.name || '_before', history.begins);
    -- What no day has been made for is not lost.
    execute format('alter table ebb.%I attach partition ebb.%I default', history.name, history.name || '_default');
  end loop;
  -- Whoever could write to one of them can go on.
  for changed in select unnest(array['outbox', 'attempt', 'inbox', 'idempotency', 'delivery']) as name loop
    for privilege in
      select privilege_type as what, '' as columns, grantee::regrole::text as grantee
      from pg_class cross join aclexplode(relacl)
      where oid = format('ebb.%I', changed.name || '_before')::regclass and grantee not in (0, relowner)
      union all
      select privilege_type, format('(%I)', attname), grantee::regrole::text
      from pg_attribute cross join aclexplode(attacl)
      where attrelid = format('ebb.%I', changed.name || '_before')::regclass and attnum > 0 and grantee <> 0
    loop
      execute format('grant %s %s on ebb.%I to %s', privilege.what, privilege.columns, changed.name, privilege.grantee);
    end loop;
  end loop;
end $$;

-- All deliveries, whether there is work or not.
create view ebb.delivery_state with (security_invoker = true) as
select event_id, consumer, state, attempts, available_at, settled_at, forgiven, redrive_id from ebb.delivery
union all
select event_id, consumer, outcome, number, started_at, started_at + duration_ms * interval '1 ms', coalesce(forgiven, 0),
       redrive_id
from ebb.attempt where outcome in ('done', 'dropped')
union all
select event_id, consumer, state, attempts, available_at, settled_at, forgiven, redrive_id from ebb.delivery_before;

-- These name a table by what it is, not by what it is called.
create or replace function ebb.store_outstanding(consumer text, source text, id text, effects jsonb)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update ebb.inbox as taken set outstanding = $4
  where taken.consumer = $1 and taken.source = $2 and taken.id = $3 and taken.xmin = pg_current_xact_id()::xid;
end $$;

create or replace function ebb.clear_outstanding(consumer text, source text, id text)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update ebb.inbox as taken set outstanding = null
  where taken.consumer = $1 and taken.source = $2 and taken.id = $3;
end $$;

create or replace function ebb.take_place(consumer text, successor text, events uuid[])
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into ebb.inbox (consumer, source, id, outstanding, event_time)
  select $2, taken.source, taken.id, taken.outstanding, taken.event_time
  from ebb.inbox as taken join ebb.outbox as event on taken.source = event.source and taken.id = event.id::text
  where taken.consumer = $1 and event.id = any ($3)
  on conflict do nothing;
end $$;

-- An event is taken once, whatever its sender says of its time, which only says in which part the row is.
create function ebb.take_event(consumer text, source text, id text, event_time timestamptz)
returns table (outstanding jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('inbox [' || to_json($1) || ',' || to_json($2) || ',' || to_json($3) || ']', 0));
  return query select taken.outstanding from ebb.inbox as taken
  where taken.consumer = $1 and taken.source = $2 and taken.id = $3;
  if not found then
    insert into ebb.inbox (consumer, source, id, event_time) values ($1, $2, $3, $4);
  end if;
end $$;

-- As functions of 0.2 call it.
create or replace function ebb.take_event(consumer text, source text, id text)
returns table (outstanding jsonb)
language sql security definer set search_path = pg_catalog, pg_temp
as $$ select * from ebb.take_event($1, $2, $3, now()) $$;

revoke all on function ebb.take_event(text, text, text, timestamptz) from public;
