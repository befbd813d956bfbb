/**
 * What a subscriber ($1) has taken in of these events ($3), another one ($2) has as well: it takes its place, and an
 * effect is not made twice.
 */
export const followHistorySql = /* sql */ `
insert into ebb.inbox (consumer, source, id)
select $2, seen.source, seen.id
from ebb.inbox as seen join ebb.outbox on seen.source = outbox.source and seen.id = outbox.id::text
where seen.consumer = $1 and outbox.id = any ($3::uuid[])
on conflict do nothing`
