-- Finished requests by the key that their caller chose: only what committed is here.
create table ebb.idempotency (
  caller      text        not null,
  route       text        not null,
  key         text        not null,
  fingerprint bytea       not null,
  status      integer     not null,
  headers     jsonb       not null,
  body        bytea       not null,
  created_at  timestamptz not null default now(),
  primary key (caller, route, key)
);
