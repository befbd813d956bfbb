-- Facts, written in the transaction of the request that made them true. Immutable but for fanned_out_at.
create table ebb.outbox (
  id             uuid        primary key,
  type           text        not null,
  source         text        not null,
  subject        text,
  payload        jsonb       not null,
  traceparent    text        not null,
  correlation_id text        not null,
  caller_id      text        not null,
  partition_key  text,
  created_at     timestamptz not null default now(),
  fanned_out_at  timestamptz
);

-- By rows that are not yet fanned out, never by a high-water mark: ids and times are not in commit order.
create index outbox_waiting on ebb.outbox (created_at) where fanned_out_at is null;
create index outbox_newest on ebb.outbox (created_at desc, id);

-- One row an event and subscriber. attempts counts leases, so that a killed relay's try counts as well.
create table ebb.delivery (
  event_id     uuid        not null references ebb.outbox (id),
  consumer     text        not null,
  state        text        not null default 'waiting' check (state in ('waiting', 'leased', 'done', 'dead')),
  attempts     integer     not null default 0,
  available_at timestamptz not null default now(),
  lease_token  uuid,
  locked_until timestamptz,
  settled_at   timestamptz,
  primary key (event_id, consumer),
  check ((state = 'leased') = (lease_token is not null and locked_until is not null))
);

-- By subscriber first: the backlog of one must not slow the others down.
create index delivery_due on ebb.delivery (consumer, available_at) where state = 'waiting';
create index delivery_leased on ebb.delivery (locked_until) where state = 'leased';
create index delivery_dead on ebb.delivery (settled_at) where state = 'dead';

-- The history of a delivery: one row a settled attempt.
create table ebb.attempt (
  event_id    uuid        not null,
  consumer    text        not null,
  number      integer     not null,
  started_at  timestamptz not null,
  duration_ms integer     not null,
  -- The HTTP status, or null where no answer came; then error says why.
  status      integer,
  error       text,
  -- At most the first KiB of the answer.
  body        text,
  revision    text,
  traceparent text        not null,
  primary key (event_id, consumer, number),
  foreign key (event_id, consumer) references ebb.delivery (event_id, consumer)
);

-- What each subscriber has taken in, written in the transaction of its effects.
create table ebb.inbox (
  consumer    text        not null,
  source      text        not null,
  id          text        not null,
  received_at timestamptz not null default now(),
  primary key (consumer, source, id)
);
