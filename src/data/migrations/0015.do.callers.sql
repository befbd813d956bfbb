-- What a key says of its caller beside its scopes, and which plan its requests count against.
alter table ebb.api_key
  add column roles  text[] not null default '{}',
  add column tenant text,
  add column plan   text,
  -- What its owner calls it.
  add column name   text;

-- The whole caller, so that a call is signed later as it would have been at once.
alter table ebb.invocation
  add column roles  text[] not null default '{}',
  add column client text;

alter table ebb.audit
  -- Whose key, plan or data was changed.
  add column tenant text,
  add column detail jsonb;
