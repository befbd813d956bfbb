-- Checks that relays make of endpoints (`check` of a contract): when each began last, what came of it, and what is still to be taken back.
create table ebb.synthetic_check (
  -- Of the endpoint.
  name          text        primary key,
  -- When the last run began; null where one is due at once.
  began_at      timestamptz,
  -- While a relay is at it; a token whose time is over is of a relay that was stopped.
  lease_token   uuid,
  locked_until  timestamptz,
  -- The Idempotency-Key of a run that writes, until it is known that nothing of it is left.
  key           uuid,
  -- The path of the request that takes back what it has written; null where nothing is known to be left.
  undo          text,
  -- How many runs in a row have failed, and since when.
  failures      integer     not null default 0,
  failing_since timestamptz,
  -- The last 30 runs, the newest first.
  runs          jsonb       not null default '[]',
  -- When a relay last had it in its contracts.
  seen_at       timestamptz not null default now()
);
