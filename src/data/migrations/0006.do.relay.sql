-- Attempts in which the platform refused itself: they stay in the history and do not count against the allowance.
alter table ebb.delivery add column uncounted integer not null default 0;
alter table ebb.invocation add column uncounted integer not null default 0;

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
