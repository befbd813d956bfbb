-- What a subscriber has still to do in the world outside, such as mail: stored with the event's effects, done after the
-- commit, and null when it is done. A delivery that comes again goes on from here.
alter table ebb.inbox add column outstanding jsonb;

-- Like a stored answer, it is for who brings the event's id: nobody but the owner reads the table. Marks an event as taken
-- in: no row for a new one, else what is outstanding of it.
create function ebb.take_event(consumer text, source text, id text)
returns table (outstanding jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into ebb.inbox (consumer, source, id) values ($1, $2, $3) on conflict do nothing;
  if not found then
    return query select taken.outstanding from ebb.inbox as taken
    where taken.consumer = $1 and taken.source = $2 and taken.id = $3;
  end if;
end $$;

-- Only for an event that this very transaction has taken in.
create function ebb.store_outstanding(consumer text, source text, id text, effects jsonb)
returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update ebb.inbox as taken set outstanding = $4
  where taken.consumer = $1 and taken.source = $2 and taken.id = $3 and taken.xmin = pg_current_xact_id()::xid;
end;

create function ebb.clear_outstanding(consumer text, source text, id text)
returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update ebb.inbox as taken set outstanding = null
  where taken.consumer = $1 and taken.source = $2 and taken.id = $3;
end;

revoke all on function ebb.take_event, ebb.store_outstanding, ebb.clear_outstanding from public;
