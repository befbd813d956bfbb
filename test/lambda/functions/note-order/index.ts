import { subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement, serve } from 'ebb/http'
import { orderNoted } from '../order-noted.ts'

const contract = subscriber({
  name: 'note-order',
  summary: 'Note one order.',
  on: orderNoted,
  failures: { too_many: 422 },
})

serve(
  implement(contract, { sql: postgres }, async ({ event, data }, { sql, fail }) => {
    if (data.quantity > 10) throw fail('too_many', `${data.quantity} are too many.`)
    await sql`insert into noted (id, source, tenant, attempt) values (${data.id}, ${event.source}, ${event.tenant ?? null}, ${event.attempt})`
  }),
)
