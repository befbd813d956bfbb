-- Only a keyed hash of an API key is stored, and enough of its beginning to find and to name it.
create table ebb.api_key (
  id         uuid        primary key default gen_random_uuid(),
  subject    text        not null,
  prefix     text        not null,
  hmac       bytea       not null unique,
  scopes     text[]      not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

create index api_key_subject on ebb.api_key (subject);

-- Who changed what, for the eyes of operators.
create table ebb.audit (
  id         bigint      generated always as identity primary key,
  at         timestamptz not null default now(),
  actor      text        not null,
  action     text        not null,
  subject    text        not null
);
