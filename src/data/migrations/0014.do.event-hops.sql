-- How many events led to this one: one that leads back to itself ends after so many. Versions before do not say it.
alter table ebb.outbox add column hops integer not null default 0;
