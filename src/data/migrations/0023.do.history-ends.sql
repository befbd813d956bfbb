-- Makes the first part that is missing for today and the next days: one, so that no lock is held for long, and none where another
-- relay is about it. Says for how many days from tomorrow on each table has its parts, and whether one was made.
create function ebb.make_history(days integer)
returns table (name text, days_ahead integer, made boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '20ms' as $$
declare
  today timestamptz := date_trunc('day', now() at time zone 'UTC') at time zone 'UTC';
  is_alone boolean := pg_try_advisory_xact_lock(hashtextextended('ebb.history', 0));
  missing record;
begin
  select one.name, one.time_column, day, one.name || to_char(day at time zone 'UTC', '"_"YYYYMMDD') as part into missing
  from ebb.history as one, generate_series(today, today + days * interval '1 day', interval '1 day') as day
  where is_alone and day >= one.begins
    and to_regclass(format('ebb.%I', one.name || to_char(day at time zone 'UTC', '"_"YYYYMMDD'))) is null
  order by day, one.name
  limit 1;
  if missing.part is not null then
    -- Its locks are not held until the disk has it: what a crash takes is made again.
    perform set_config('synchronous_commit', 'off', true);
    execute format('create table ebb.%I (like ebb.%I including defaults including indexes)', missing.part, missing.name || '_default');
    -- What came before the part was there.
    execute format('with moved as (delete from ebb.%1$I where %2$I >= %3$L and %2$I < %4$L returning *) insert into ebb.%5$I select * from moved',
                   missing.name || '_default', missing.time_column, missing.day, missing.day + interval '1 day', missing.part);
    execute format('alter table ebb.%I attach partition ebb.%I for values from (%L) to (%L)',
                   missing.name, missing.part, missing.day, missing.day + interval '1 day');
  end if;
  return query
  select one.name, (
    select count(*)::integer from generate_series(1, $1) as ahead (i)
    where today + i * interval '1 day' < one.begins
       or to_regclass(format('ebb.%I', one.name || to_char((today + i * interval '1 day') at time zone 'UTC', '"_"YYYYMMDD'))) is not null
  ), coalesce(missing.name = one.name, false)
  from ebb.history as one;
end $$;

/*
 * Takes the oldest part of a table out of it where its last row is older than `keep`. What belongs to work that is still to be
 * done, dead letters included, moves to the part that has no day. Changes nothing where a row of it is still open, where too much
 * would have to be kept, or where a lock is not free at once. Returns the part and what became of it; no row where none is that old.
 */
create function ebb.detach_history(table_name text, keep interval)
returns table (part text, outcome text, kept integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '20ms' as $$
declare
  kept_table record;
  is_open boolean;
  kept_rows tid[];
  columns text;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('ebb.history', 0)) then
    return;
  end if;
  select * into strict kept_table from ebb.history as one where one.name = table_name;
  select relname into part
  from pg_inherits join pg_class on pg_class.oid = inhrelid
  cross join lateral (
    select case when relname = table_name || '_before' then kept_table.begins
                -- A name is looked at before it is known whose part it is.
                when relname ~ '_[0-9]{8}$'
                then to_timestamp(right(relname, 8) || ' 00 +00', 'YYYYMMDD HH24 TZH') + interval '1 day'
                else 'infinity' end as ends
  ) as bounds
  where inhparent = format('ebb.%I', table_name)::regclass and ends <= now() - keep
  order by ends
  limit 1;
  if part is null then
    return;
  end if;
  -- From here on nothing is added to it: what a subscriber takes in of an event from then would be found by nobody.
  execute format('lock table ebb.%I in share mode', part);
  execute format('select exists (select from ebb.%I as old where %s)', part, kept_table.open_where) into is_open;
  if is_open then
    return query select part, 'open', 0;
    return;
  end if;
  execute format('select coalesce(array_agg(ctid), ''{}'') from (select ctid from ebb.%I as old where %s limit 2001 for update) as found',
                 part, kept_table.kept_where) into kept_rows;
  kept := cardinality(kept_rows);
  if kept > 2000 then
    return query select part, 'too much to keep', kept;
    return;
  end if;
  -- The table is locked until the commit, which therefore does not wait for the disk: what a crash takes is done again.
  perform set_config('synchronous_commit', 'off', true);
  execute format('alter table ebb.%I detach partition ebb.%I', table_name, part);
  -- By name: a part from before has its columns in another order.
  select string_agg(format('%I', attname), ', ') into columns
  from pg_attribute where attrelid = format('ebb.%I', table_name)::regclass and attnum > 0 and not attisdropped;
  execute format('insert into ebb.%1$I (%2$s) select %2$s from ebb.%3$I where ctid = any ($1)',
                 table_name || '_default', columns, part) using kept_rows;
  return query select part, 'detached', kept;
exception when lock_not_available then
  return query select part, 'busy', 0;
end $$;

-- Drops what is a part of the table no more, in a transaction of its own: its commit waits until files are gone, and holds no lock
-- that anybody waits for.
create function ebb.drop_detached(table_name text)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '20ms' as $$
declare
  part text;
begin
  for part in
    select relname from pg_class
    where relnamespace = 'ebb'::regnamespace and relkind = 'r' and not relispartition
      and exists (select from ebb.history as one where one.name = table_name)
      and (relname = table_name || '_before' or relname ~ ('^' || table_name || '_[0-9]{8}$'))
  loop
    execute format('drop table ebb.%I', part);
    if part = 'outbox_before' then
      truncate ebb.delivery_before;
    end if;
  end loop;
exception when lock_not_available then
  null; -- The next time, then.
end $$;

-- What is kept without a day ends here, once the work that it belongs to has.
create function ebb.delete_kept(table_name text, keep interval)
returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  kept_table record;
  deleted bigint;
begin
  select * into strict kept_table from ebb.history as one where one.name = table_name;
  execute format('delete from ebb.%I as old where %I < now() - $1 and not (%s) and not (%s)',
                 table_name || '_default', kept_table.time_column, kept_table.kept_where, kept_table.open_where) using keep;
  get diagnostics deleted = row_count;
  return deleted;
end $$;

revoke all on function ebb.make_history, ebb.detach_history, ebb.drop_detached, ebb.delete_kept from public;
