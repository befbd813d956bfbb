-- Changes of a team's tables as events: which tables, and up to where the write-ahead log has become events. Who reads the log may read
-- every table that is in the publication ebb_changes, and the relay can put only tables into it that belong to the owner of this schema.

-- The tables that contracts name, and when a relay last had them in its contracts: one that none has any more leaves the publication.
create table ebb.change_table (
  name    text        primary key,
  seen_at timestamptz not null default now()
);

-- The same, with the table that has the name now.
create view ebb.change_class with (security_invoker = true) as
select change_table.name, pg_class.oid::regclass as class
from ebb.change_table
left join pg_namespace on nspname = case when change_table.name like '%.%' then split_part(change_table.name, '.', 1) else 'public' end
left join pg_class on relnamespace = pg_namespace.oid and relname = regexp_replace(change_table.name, '^.*\.', '');

-- Up to where the changes are in the outbox: it moves in the transaction that adds their events, so that each is there once.
create table ebb.change_reader (
  slot            text        primary key,
  -- Of this life of the slot: a slot that is made anew begins another one, and may begin at an earlier place.
  epoch           uuid        not null default gen_random_uuid(),
  -- The last transaction of which everything is in the outbox.
  commit_lsn      pg_lsn      not null,
  -- The one after it, of which so many changes are in the outbox.
  partial_lsn     pg_lsn,
  partial_changes integer     not null default 0,
  -- How often the slot was lost, and with it the changes that nobody had read.
  lost            integer     not null default 0,
  lost_at         timestamptz
);

/*
 * Has the publication hold these tables, and those that another relay has named within `forget_after_ms`. Returns what it holds, with
 * what is in the way of a table that it cannot hold.
 */
create function ebb.publish_changes(tables text[], forget_after_ms double precision)
returns table (name text, problem text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  wanted record;
  outdated regclass;
begin
  perform pg_advisory_xact_lock(hashtextextended('ebb.changes', 0));
  insert into ebb.change_table (name) select unnest(tables)
  on conflict (name) do update set seen_at = now() where change_table.seen_at < now() - interval '5 s';
  delete from ebb.change_table where seen_at < now() - forget_after_ms * interval '1 ms' and change_table.name <> all (tables);
  if not exists (select from pg_publication where pubname = 'ebb_changes') then
    if not exists (select from ebb.change_table) then return; end if;
    create publication ebb_changes with (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);
  end if;
  -- What is renamed or dropped, and what nobody could update while it is published: the log would not say which row is meant.
  for outdated in
    select prrelid from pg_publication_rel join pg_publication on pg_publication.oid = prpubid join pg_class on pg_class.oid = prrelid
    where pubname = 'ebb_changes' and (
      prrelid not in (select class from ebb.change_class where class is not null)
      or relreplident <> 'f' and not exists (select from pg_index where indrelid = prrelid and indisprimary)
    )
  loop
    execute format('alter publication ebb_changes drop table %s', outdated);
  end loop;
  for wanted in
    select change_class.name, class,
           exists (
             select from pg_publication_rel join pg_publication on pg_publication.oid = prpubid
             where pubname = 'ebb_changes' and prrelid = class
           ) as is_published,
           exists (select from pg_index where indrelid = class and indisprimary) as has_key
    from ebb.change_class order by change_class.name
  loop
    name := wanted.name;
    problem := null;
    if wanted.class is null then
      problem := 'there is no such table';
    elsif not wanted.has_key then
      problem := 'it has no primary key';
    elsif not wanted.is_published then
      begin
        execute format('alter publication ebb_changes add table %s', wanted.class);
      exception when others then
        problem := sqlerrm;
      end;
    end if;
    return next;
  end loop;
end $$;

-- Nobody reads changes any more: the slot is gone already.
create function ebb.end_changes() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('ebb.changes', 0));
  if exists (select from ebb.change_table) then return; end if;
  drop publication if exists ebb_changes;
  delete from ebb.change_reader;
end $$;

/*
 * Adds events to the outbox and moves the reader from one place to the next, or neither, where it is elsewhere: another reader has taken
 * over. The row's lock makes readers wait for each other, so that numbers of partitions are in the order of commits.
 */
create function ebb.append_changes(slot text, epoch uuid, old_place jsonb, new_place jsonb, events jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update ebb.change_reader as reader
  set commit_lsn = (new_place ->> 'commit')::pg_lsn, partial_lsn = (new_place ->> 'partial')::pg_lsn,
      partial_changes = (new_place ->> 'changes')::integer
  where reader.slot = $1 and reader.epoch = $2
    and reader.commit_lsn = (old_place ->> 'commit')::pg_lsn
    and reader.partial_lsn is not distinct from (old_place ->> 'partial')::pg_lsn
    and reader.partial_changes = (old_place ->> 'changes')::integer;
  if not found then return false; end if;
  insert into ebb.outbox (id, type, source, subject, payload, traceparent, correlation_id, caller_id, hops, partition_key,
                          partition_number, payload_bytes)
  select event.id, event.type, event.source, event.subject, event.payload, event.traceparent, event.correlation_id, event.caller_id,
         event.hops, event.subject, case when event.subject is not null then nextval('ebb.partition_order') end,
         octet_length(event.payload::text)
  from jsonb_to_recordset(events) as event (id uuid, type text, source text, subject text, payload jsonb, traceparent text,
                                            correlation_id text, caller_id text, hops integer);
  return true;
end $$;

revoke all on function ebb.publish_changes, ebb.end_changes, ebb.append_changes from public;

/*
 * As before; and where changes of tables are events, the log says in the transaction of which event its writes come, so that the
 * events of them count as led to by that, and are of its trace.
 */
create or replace function ebb.take_event(consumer text, source text, id text, event_time timestamptz)
returns table (outstanding jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('inbox [' || to_json($1) || ',' || to_json($2) || ',' || to_json($3) || ']', 0));
  return query select taken.outstanding from ebb.inbox as taken
  where taken.consumer = $1 and taken.source = $2 and taken.id = $3;
  if not found then
    insert into ebb.inbox (consumer, source, id, event_time) values ($1, $2, $3, $4);
    if exists (select from pg_publication where pubname = 'ebb_changes') then
      perform pg_logical_emit_message(true, 'ebb', json_build_object('consumer', $1, 'id', $3, 'time', $4)::text);
    end if;
  end if;
end $$;
