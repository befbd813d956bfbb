-- Safe beside 0.2.0: it knows nothing of this table, which came with 0.3.0.

-- Requests whose function is called later, by a relay: no call was avoided.
alter table ebb.call_hour add deferred bigint not null default 0;

-- The course of calls in a minute that had any, as one gateway or relay has seen it, for what-ifs: when each began, so that they can be
-- simulated one by one. What is there by second only is of no use for that, and goes.
drop table ebb.call_minute;
create table ebb.call_minute (
  minute   timestamptz      not null,
  function text             not null,
  recorder uuid             not null,
  -- The more of calls and of what was asked for: how much there is to simulate.
  size     integer          not null,
  -- Pairs of a millisecond of the minute and how many calls began then; with many of them, several milliseconds are one.
  began    integer[]        not null,
  -- How many calls took how long to be answered, by the logarithm of their milliseconds: those that waited for no instance to start, those that
  -- did, and of those the ones that found no other call, so that the start was for them.
  warm     jsonb            not null,
  waited   jsonb            not null,
  starts   jsonb            not null,
  -- From the begin of a response to its end: of all calls together.
  tail_seconds double precision not null,
  -- Which resources were asked for, for those of a share of all: pairs of the millisecond and a hash. Null where none can be cached.
  asked    integer[],
  share    real             not null default 1,
  primary key (minute, function, recorder)
);
