-- Who made a call may cancel it before it begins, and name an address that is told how it ended.
alter table ebb.invocation
  -- Such a call is also `dead`, with a problem that says so: a gateway of the release before shows it as failed.
  add column cancelled_at timestamptz,
  add column callback_url text;

-- One's own calls, the newest first.
create index invocation_of_caller on ebb.invocation (caller, created_at desc, id desc);
-- Those whose time is over.
create index invocation_settled on ebb.invocation (settled_at) where settled_at is not null;

-- A callback exists from the end of its call on, and is then due. Its id is that of the call.
create table ebb.callback (
  invocation_id uuid        primary key references ebb.invocation (id) on delete cascade,
  state         text        not null default 'waiting' check (state in ('waiting', 'leased', 'done', 'dead')),
  -- Counts leases, so that a killed relay's try counts as well.
  attempts      integer     not null default 0,
  available_at  timestamptz not null default now(),
  lease_token   uuid,
  locked_until  timestamptz,
  -- What the address answered last.
  status        integer,
  settled_at    timestamptz,
  check ((state = 'leased') = (lease_token is not null and locked_until is not null))
);

create index callback_due on ebb.callback (available_at) where state = 'waiting';
create index callback_leased on ebb.callback (locked_until) where state = 'leased';

-- Its history: one row a settled attempt.
create table ebb.callback_attempt (
  invocation_id uuid        not null references ebb.callback (invocation_id) on delete cascade,
  number        integer     not null,
  started_at    timestamptz not null,
  duration_ms   integer     not null,
  -- The HTTP status, or null where no answer came; then error says why.
  status        integer,
  error         text,
  primary key (invocation_id, number)
);

-- Whoever ends a call makes its callback in the same transaction: also a relay of the release before, which knows of none.
create function ebb.make_callback() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into ebb.callback (invocation_id) values (new.id);
  return null;
end $$;

revoke all on function ebb.make_callback from public;

create trigger make_callback after update on ebb.invocation for each row
when (old.settled_at is null and new.settled_at is not null and new.callback_url is not null)
execute function ebb.make_callback();

-- Forgets calls that ended so many seconds ago, and returns how many those were; none whose callback is still to be made,
-- unless nobody makes any.
-- Whoever may delete rows may lock the whole table: a relay may do this alone.
create function ebb.delete_ended_calls(keep_seconds integer, at_most integer) returns integer
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  with ended as materialized (
    select id from ebb.invocation
    where settled_at < now() - keep_seconds * interval '1 s'
      and not exists (
        select from ebb.callback
        where invocation_id = id and callback.state in ('waiting', 'leased') and callback.available_at > now() - interval '7 days'
      )
    order by settled_at
    limit at_most
    for update skip locked
  ),
  deleted as (
    delete from ebb.invocation using ended where invocation.id = ended.id returning true
  )
  select count(*)::integer from deleted;
end;

revoke all on function ebb.delete_ended_calls from public;
