-- What belongs to a request is found by its correlation id, once somebody asks what became of it. New parts of the outbox have the
-- indexes of this one. Of those that are there, the days to come get it, which are empty; past days go with their events.
create index outbox_default_correlation on ebb.outbox_default (correlation_id);

do $$
declare
  part text;
begin
  for part in
    select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'ebb.outbox'::regclass and relname > 'outbox_' || to_char(now() at time zone 'UTC', 'YYYYMMDD') and relname ~ '_[0-9]{8}$'
  loop
    execute format('create index on ebb.%I (correlation_id)', part);
  end loop;
end $$;

create index invocation_correlation on ebb.invocation (correlation_id);
