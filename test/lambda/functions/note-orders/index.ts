import { subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement, serve } from 'ebb/http'
import { orderNoted } from '../order-noted.ts'

const contract = subscriber({
  name: 'note-orders',
  summary: 'Note orders together.',
  on: orderNoted,
  batch: { size: 3 },
  failures: { too_many: 422 },
})

serve(
  implement(contract, { sql: postgres }, async ({ events }, { sql }) => {
    const together = events.map(({ data }) => data.id).join()
    const failed = events.filter(({ data }) => data.quantity > 10)
    for (const { event, data } of events)
      if (data.quantity <= 10)
        await sql`insert into noted (id, source, tenant, attempt, together) values (${data.id}, ${event.source}, ${event.tenant ?? null}, ${event.attempt}, ${together})`
    return { failed: failed.map(({ event }) => ({ id: event.id, failure: 'too_many' as const, message: 'Too many.' })) }
  }),
)
