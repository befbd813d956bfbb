-- Who sent dead deliveries on their way again, which, and how.
create table ebb.redrive (
  id              uuid             primary key default gen_random_uuid(),
  at              timestamptz      not null default now(),
  actor           text             not null,
  filter          jsonb            not null,
  -- To each subscriber; null is as fast as they are taken.
  per_second      double precision,
  stop_on_failure boolean          not null
);

alter table ebb.delivery
  -- Attempts before the last redrive: they stay in the history and do not count against the allowance.
  add column forgiven     integer not null default 0,
  add column redrive_id   uuid    references ebb.redrive (id),
  -- Its place among those of the same redrive and subscriber: 1 goes first, and the others may have to wait for it.
  add column redrive_rank integer;

create index delivery_redrive on ebb.delivery (redrive_id, consumer) where redrive_id is not null;
