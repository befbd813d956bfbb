-- Requests that their callers do not wait for, as they came, until their functions have answered. A caller's own key is
-- in ebb.idempotency, with the 202 as its answer.
create table ebb.invocation (
  id             uuid        primary key,
  -- Whose request it is, and what they might do when they made it.
  caller         text        not null,
  scopes         text[]      not null,
  tenant         text,
  function       text        not null,
  method         text        not null,
  -- Path and query as sent.
  target         text        not null,
  headers        jsonb       not null,
  body           bytea       not null,
  correlation_id text        not null,
  traceparent    text        not null,
  state          text        not null default 'waiting' check (state in ('waiting', 'leased', 'done', 'dead')),
  -- Counts leases, so that a killed relay's try counts as well.
  attempts       integer     not null default 0,
  available_at   timestamptz not null default now(),
  lease_token    uuid,
  locked_until   timestamptz,
  -- The last answer; its body is null where it was too large to keep.
  status         integer,
  answer_headers jsonb,
  answer_body    bytea,
  created_at     timestamptz not null default now(),
  settled_at     timestamptz,
  check ((state = 'leased') = (lease_token is not null and locked_until is not null))
);

-- By function first: the backlog of one must not slow the others down.
create index invocation_due on ebb.invocation (function, available_at) where state = 'waiting';
create index invocation_leased on ebb.invocation (locked_until) where state = 'leased';

-- Its history: one row a settled attempt.
create table ebb.invocation_attempt (
  invocation_id uuid        not null references ebb.invocation (id) on delete cascade,
  number        integer     not null,
  started_at    timestamptz not null,
  duration_ms   integer     not null,
  -- The HTTP status, or null where no answer came; then error says why.
  status        integer,
  error         text,
  -- At most the first KiB of the answer.
  body          text,
  revision      text,
  primary key (invocation_id, number)
);
