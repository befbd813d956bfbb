-- How many bytes an event's data have as text, so that nobody reads large ones to find out; null for those that a function of before
-- has emitted.
alter table ebb.outbox add column payload_bytes integer;

-- The days whose events somebody has written into an archive. Where the relay is told to, it drops no other one.
create table ebb.archived_day (
  day         date        primary key,
  archived_at timestamptz not null default now()
);

-- How many deliveries of each subscriber were ever made, and how many have ended: rows that are added to, and summed up now and then. They
-- are written with the deliveries themselves, whoever writes those; what is still to be done is counted where it is.
create table ebb.delivery_tally (
  consumer text   not null,
  made     bigint not null default 0,
  done     bigint not null default 0,
  -- Given up by an operator, or dead for so long that it was forgotten.
  dropped  bigint not null default 0
);
alter table ebb.delivery_tally set (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 5000);

create function ebb.tally_made() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into ebb.delivery_tally (consumer, made) select consumer, count(*) from made group by consumer;
  return null;
end $$;

create function ebb.tally_ended() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into ebb.delivery_tally (consumer, done, dropped)
  select consumer, count(*) filter (where state <> 'dead'), count(*) filter (where state = 'dead') from ended group by consumer;
  return null;
end $$;

-- It is another subscriber's from now on.
create function ebb.tally_moved() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into ebb.delivery_tally (consumer, made) values (old.consumer, -1), (new.consumer, 1);
  return null;
end $$;

create trigger tally_made after insert on ebb.delivery
referencing new table as made for each statement execute function ebb.tally_made();
create trigger tally_ended after delete on ebb.delivery
referencing old table as ended for each statement execute function ebb.tally_ended();
create trigger tally_moved after update of consumer on ebb.delivery for each row
when (old.consumer <> new.consumer) execute function ebb.tally_moved();

-- With the triggers there, nobody writes until this is committed.
insert into ebb.delivery_tally (consumer, made) select consumer, count(*) from ebb.delivery group by consumer;

-- Makes one row of each subscriber's. One relay at a time: the others have nothing to do.
create function ebb.sum_tally() returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with taken as (
    delete from ebb.delivery_tally where (select pg_try_advisory_xact_lock(hashtextextended('ebb.tally', 0)))
    returning consumer, made, done, dropped
  )
  insert into ebb.delivery_tally (consumer, made, done, dropped)
  select consumer, sum(made), sum(done), sum(dropped) from taken group by consumer
$$;

revoke all on function ebb.tally_made, ebb.tally_ended, ebb.tally_moved, ebb.sum_tally from public;

-- Whose call it was: no caller's address may keep the relays from the others'.
alter table ebb.callback add column caller text not null default '';
update ebb.callback set caller = invocation.caller from ebb.invocation where id = invocation_id;
create index callback_due_by_caller on ebb.callback (caller, available_at) where state = 'waiting';

create or replace function ebb.make_callback() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into ebb.callback (invocation_id, caller) values (new.id, new.caller);
  return null;
end $$;

-- Forgets what was changed so many days ago, a batch at a time: returns how many rows those were.
create function ebb.delete_old_audit(keep_days integer, at_most integer) returns integer
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  with old as materialized (
    select id from (select id, at from ebb.audit order by id limit at_most) as oldest
    where at < now() - keep_days * interval '1 day'
  ),
  deleted as (delete from ebb.audit using old where audit.id = old.id returning true)
  select count(*)::integer from deleted;
end;

revoke all on function ebb.delete_old_audit from public;
