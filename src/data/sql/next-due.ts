/** Milliseconds until the next delivery to one of these subscribers ($1) is due, none or less where one is; else null. */
export const nextDueSql = /* sql */ `
select ceil(extract(epoch from min(found.available_at) - now()) * 1000)::float8 as due_in_ms
from unnest($1::text[]) as wanted (consumer) cross join lateral (
  select available_at from ebb.delivery
  where state = 'waiting' and consumer = wanted.consumer
  order by available_at
  limit 1
) as found`
