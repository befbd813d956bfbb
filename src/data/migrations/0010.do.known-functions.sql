-- The functions of the relays' contracts, and of what waits, with the last time that a relay's contracts had them: what
-- waits for one that none has any more is given up.
create table ebb.known_function (
  kind    text        not null check (kind in ('delivery', 'invocation')),
  name    text        not null,
  seen_at timestamptz not null default now(),
  primary key (kind, name)
);

-- A redrive may send a delivery to another subscriber; its history goes with it. Rows that are there fit already.
alter table ebb.attempt
  drop constraint attempt_event_id_consumer_fkey,
  add foreign key (event_id, consumer) references ebb.delivery (event_id, consumer) on update cascade not valid;

-- What a subscriber has taken in of these events, and has still to do about them, its successor has as well: an effect is
-- not made twice. Nobody but the owner reads the table.
create function ebb.take_place(consumer text, successor text, events uuid[])
returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  insert into ebb.inbox (consumer, source, id, outstanding)
  select $2, taken.source, taken.id, taken.outstanding
  from ebb.inbox as taken join ebb.outbox as event on taken.source = event.source and taken.id = event.id::text
  where taken.consumer = $1 and event.id = any ($3)
  on conflict do nothing;
end;

revoke all on function ebb.take_place from public;
