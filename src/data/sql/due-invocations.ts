/** Milliseconds until something is due (0 or less: it is), for each of these functions ($1) that something waits for. */
export const dueInvocationsSql = /* sql */ `
select asked.function, ceil(extract(epoch from first.available_at - now()) * 1000)::float8 as due_in_ms
from unnest($1::text[]) as asked (function) cross join lateral (
  select available_at from ebb.invocation
  where state = 'waiting' and invocation.function = asked.function
  order by available_at
  limit 1
) as first`
