-- Which version of its contract an event's data are of. What was stored before, and what an older function stores, is of the first.
alter table ebb.outbox add column version integer not null default 1;
