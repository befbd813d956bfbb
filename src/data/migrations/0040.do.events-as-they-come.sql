-- What was committed since a snapshot, for gateways whose callers follow events (subscriptions of a GraphQL endpoint). New parts of the outbox
-- have the indexes of the default one. Of those that are there, the days to come get it, which are empty, and today's where that is so small
-- that nobody waits for it; a larger one is read by its time until its day is over.
do $$
declare
  part text;
begin
  for part in
    select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'ebb.outbox'::regclass
      and (relname in ('outbox_default', 'outbox_before') or relname >= 'outbox_' || to_char(now() at time zone 'UTC', 'YYYYMMDD'))
      and pg_relation_size(inhrelid) < 64 * 1024 * 1024
  loop
    execute format('create index on ebb.%I (transaction_id)', part);
  end loop;
end $$;
