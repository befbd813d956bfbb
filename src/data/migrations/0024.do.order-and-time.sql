-- Order within a partition, events of a later time, and subscribers that take so many a second.
create sequence ebb.partition_order;

alter table ebb.outbox
  -- In the order of commits, among the events of its type and partition.
  add column partition_number bigint,
  add column due_at           timestamptz;
create index outbox_partition on ebb.outbox (type, partition_key, partition_number)
  where fanned_out_at is null and partition_key is not null;

-- One that is not the first of its partition is due at infinity, until all before it are done or dead.
alter table ebb.delivery
  add column partition_key    text,
  add column partition_number bigint,
  add column due_at           timestamptz,
  -- What an operator has made of the event's data for this subscriber, after it was dead.
  add column edited           jsonb;
create index delivery_partition on ebb.delivery (consumer, partition_key, partition_number)
  where partition_key is not null and state in ('waiting', 'leased');

-- How many events a subscriber with a rate may take now.
create table ebb.subscriber_rate (
  consumer text             primary key,
  tokens   double precision not null,
  at       timestamptz      not null
);

/*
 * The next number in a partition. Holds a lock until the transaction ends: whoever emits to the same partition waits for it, so
 * that numbers are in the order of commits.
 */
create function ebb.next_in_partition(type text, partition text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('partition [' || to_json($1) || ',' || to_json($2) || ']', 0));
  return nextval('ebb.partition_order');
end $$;

revoke all on function ebb.next_in_partition from public;
