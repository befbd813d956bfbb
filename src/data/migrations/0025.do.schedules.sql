-- When each schedule fires next, by its cron in its time zone: while relays of two versions run side by side, each fires by its own.
create table ebb.schedule (
  name      text        not null,
  cron      text        not null,
  time_zone text        not null,
  -- The first time that nothing was decided about.
  next_at   timestamptz not null,
  -- When a relay last had it in its contracts.
  seen_at   timestamptz not null default now(),
  primary key (name, cron, time_zone)
);

-- What was decided about each time, of the last times alone. That there is one row for a time is what makes it fire once.
create table ebb.firing (
  schedule   text        not null,
  planned_at timestamptz not null,
  -- Waiting: for the end of the one before.
  state      text        not null check (state in ('fired', 'waiting', 'skipped', 'missed')),
  -- The event that was emitted with this row, of which the schedule's function is the only subscriber.
  event_id   uuid,
  -- An operator had it fire.
  manual     boolean     not null default false,
  decided_at timestamptz not null default now(),
  primary key (schedule, planned_at),
  check ((state = 'fired') = (event_id is not null))
);
create index firing_waiting on ebb.firing (schedule) where state = 'waiting';

-- Forgets schedules that no relay has had for so long, and all firings but the last ones: whoever may delete rows may lock the whole table.
create function ebb.forget_schedules(after_ms double precision, kept integer) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  delete from ebb.schedule where seen_at < now() - after_ms * interval '1 ms';
  delete from ebb.firing
  where schedule not in (select name from ebb.schedule) and decided_at < now() - after_ms * interval '1 ms';
  delete from ebb.firing using (
    select schedule, planned_at, row_number() over (partition by schedule order by planned_at desc) as rank
    from ebb.firing where state <> 'waiting'
  ) as decided
  where firing.schedule = decided.schedule and firing.planned_at = decided.planned_at and rank > kept;
end;

revoke all on function ebb.forget_schedules from public;
