/** Where an invocation ($1) of a caller ($2) stands. */
export const findInvocationSql = /* sql */ `
select id, function, state, attempts, created_at, settled_at, available_at, correlation_id,
  ceil(extract(epoch from available_at - now()) * 1000)::float8 as due_in_ms,
  status, answer_headers, answer_body
from ebb.invocation where id = $1 and caller = $2`
