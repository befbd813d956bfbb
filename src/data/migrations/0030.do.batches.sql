-- What a subscriber does with several events in one transaction: as take_event, and back where one of them has failed.

-- Returns the places, from 1 on, of those that it has taken before, with what is outstanding of them.
create function ebb.take_events(consumer text, sources text[], ids text[], event_times timestamptz[])
returns table (place integer, outstanding jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  given record;
begin
  -- In one order, so that two batches which share events do not wait for each other in a circle.
  for given in
    select * from unnest($2, $3, $4) with ordinality as listed (source, id, event_time, place)
    order by listed.source, listed.id
  loop
    return query select given.place::integer, taken.outstanding
                 from ebb.take_event($1, given.source, given.id, given.event_time) as taken;
  end loop;
end $$;

-- Only what this transaction has taken.
create function ebb.give_back_events(consumer text, sources text[], ids text[])
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from ebb.inbox as taken using unnest($2, $3) as given (source, id)
  where taken.consumer = $1 and taken.source = given.source and taken.id = given.id
    and taken.xmin = pg_current_xact_id()::xid;
end $$;

revoke all on function ebb.take_events, ebb.give_back_events from public;
