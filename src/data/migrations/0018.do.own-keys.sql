-- Which key took another's place, so that a rotation can be told from a second key.
alter table ebb.api_key
  add column replaces uuid unique references ebb.api_key (id);

-- What one actor did, the newest first.
create index audit_actor on ebb.audit (actor, id);
