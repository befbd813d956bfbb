-- Since when gateways and relays have each of their secrets, so that one that nobody replaces is noticed.
create table ebb.secret_age (
  -- gateway or relay.
  part         text        not null,
  setting      text        not null,
  -- Four hexadecimal digits of its SHA-256: they tell another secret, and do not tell which.
  fingerprint  text        not null,
  since        timestamptz not null default clock_timestamp(),
  primary key (part, setting)
);
