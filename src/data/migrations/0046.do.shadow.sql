-- Reads that are copied to a canary before it has any callers: what was found when the answers were compared, and what may be otherwise in them.
alter table ebb.canary
  -- The paths of replies that the new revision may answer otherwise.
  add column may_differ text[] not null default '{}',
  -- Null where nothing is copied.
  add column shadow jsonb;
