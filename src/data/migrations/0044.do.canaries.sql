-- Canaries: which share of the callers of a function gets a new revision of it, and how that does beside the old one. Gateways and relays follow
-- it, and add to it what they count; whichever of them finds the new revision worse ends it for all.
create table ebb.canary (
  -- Of the function.
  name            text        primary key,
  -- The image of the new revision, for people.
  image           text        not null,
  -- The shares in percent that it gets one after the other, and which of them it has, from 0.
  steps           integer[]   not null,
  step            integer     not null default 0,
  -- What there must be of each step before the next: requests to the new revision, and time.
  requests        integer     not null,
  seconds         integer     not null,
  -- Whether callers may choose by a header.
  by_header       boolean     not null,
  state           text        not null check (state in ('running', 'passed', 'aborted', 'promoted')),
  -- One sentence.
  why             text        not null,
  -- What the judge remembers.
  judgement       jsonb       not null,
  started_by      text        not null,
  started_at      timestamptz not null default clock_timestamp(),
  -- When this step began, and how many requests there were to the new revision by then.
  step_at         timestamptz not null default clock_timestamp(),
  step_requests   bigint      not null default 0,
  ended_at        timestamptz
);
