-- Which stored responses are to be forgotten: inserted by the transaction that changes what they show, read by every gateway,
-- and of no use after some hours, since no gateway keeps a response for longer in what it shares with others.
create table ebb.purge (
  id      bigint generated always as identity primary key,
  -- Rows become visible in another order than that of their ids. Which ones a gateway has not seen yet is told by its
  -- last snapshot alone.
  xid     xid8        not null default pg_current_xact_id(),
  kind    text        not null check (kind in ('tag', 'route', 'url')),
  value   text        not null check (length(value) <= 8000),
  -- The gateway that has done it already; null where none has.
  origin  uuid,
  at      timestamptz not null default clock_timestamp(),
  -- When the CDN in front was told; null where it was not, or there is none.
  told_at timestamptz
);

create index purge_xid on ebb.purge (xid);
create index purge_at on ebb.purge (at);

-- Whoever may delete rows may lock the whole table: a gateway may do this alone.
create function ebb.delete_old_purges() returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  delete from ebb.purge where at < now() - interval '3 hours';
end;

revoke all on function ebb.delete_old_purges from public;
