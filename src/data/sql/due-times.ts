/** Milliseconds until something is due (0 or less: it is), for each of these subscribers ($1) that something waits for. */
export const dueTimesSql = /* sql */ `
select consumer, ceil(extract(epoch from first.available_at - now()) * 1000)::float8 as due_in_ms
from unnest($1::text[]) as asked (consumer) cross join lateral (
  select available_at from ebb.delivery
  where state = 'waiting' and consumer = asked.consumer
  order by available_at
  limit 1
) as first`
