-- What was committed since a snapshot, for gateways whose callers follow events (subscriptions of a GraphQL endpoint). New parts of the outbox
-- have the indexes of this one. Of those that are there, the days to come get it, which are empty; today's is read by its time.
create index outbox_default_transaction on ebb.outbox_default (transaction_id);

do $$
declare
  part text;
begin
  for part in
    select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'ebb.outbox'::regclass and relname > 'outbox_' || to_char(now() at time zone 'UTC', 'YYYYMMDD') and relname ~ '_[0-9]{8}$'
  loop
    execute format('create index on ebb.%I (transaction_id)', part);
  end loop;
end $$;
