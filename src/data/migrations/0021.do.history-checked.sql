-- Reads each row once, beside whoever reads and writes them: with this known, 0022 reads none.
alter table ebb.outbox validate constraint before_history;
alter table ebb.attempt validate constraint before_history;
alter table ebb.inbox validate constraint before_history;
alter table ebb.idempotency validate constraint before_history;
