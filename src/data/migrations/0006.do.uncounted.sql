-- Attempts in which the platform refused itself: they stay in the history and do not count against the allowance.
alter table ebb.delivery add column uncounted integer not null default 0;
alter table ebb.invocation add column uncounted integer not null default 0;
