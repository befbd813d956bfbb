-- Asynchronous calls of all callers, the newest first: for operators.
create index invocation_newest on ebb.invocation (created_at desc, id desc);
