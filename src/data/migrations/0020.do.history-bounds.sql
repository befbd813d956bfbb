-- History is kept by day, so that it ends by dropping tables and not by deleting rows. What there is already becomes the first
-- part of it: three migrations, so that no lock is held while its rows are read. This one says where that part ends.
-- Safe beside 0.2.0: it writes nothing of a time that is more than a week ahead, and 0022 lifts the rule.
create table ebb.history (
  -- A table of schema ebb that is partitioned by day, and the column that says which.
  name        text        primary key,
  time_column text        not null,
  -- Where the part ends that was there before.
  begins      timestamptz not null,
  -- SQL over a row: whether the row outlives its day, since there is work that it belongs to.
  kept_where  text        not null,
  -- SQL over a row: while there is one of these, the day is not dropped.
  open_where  text        not null
);

-- When the event was emitted: a row is looked for in the part of that day. Those from before do not say.
alter table ebb.inbox add column event_time timestamptz not null default '-infinity';

insert into ebb.history (name, time_column, begins, kept_where, open_where)
select name, time_column, date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + interval '8 days', kept_where, open_where
from (values
  ('outbox', 'created_at', 'exists (select from ebb.delivery where event_id = old.id)', 'fanned_out_at is null'),
  ('attempt', 'started_at',
   'exists (select from ebb.delivery where event_id = old.event_id and consumer = old.consumer)', 'false'),
  ('inbox', 'event_time',
   'exists (select from ebb.delivery where event_id::text = old.id and consumer = old.consumer)', 'false'),
  ('idempotency', 'created_at', 'false', 'false')
) as history (name, time_column, kept_where, open_where);

do $$
declare
  history record;
begin
  for history in select * from ebb.history loop
    execute format('alter table ebb.%I add constraint before_history check (%I < %L) not valid',
                   history.name, history.time_column, history.begins);
  end loop;
end $$;
