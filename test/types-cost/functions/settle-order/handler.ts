import { applyPatch } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import { OrderChange, type SettledOrder } from '../../domain/settled-order.ts'
import contract from './contract.ts'

interface Row extends z.infer<typeof SettledOrder> {
  readonly version: number
}

export default implement(
  contract,
  { sql: postgres },
  async ({ params: { id }, cookies, body }, { sql, emit, etag, requireMatch, reply, fail }) => {
    const row = await sql.one<Row>`select * from orders where id = ${id} for update`
    if (!row) throw fail('order_not_found', `There is no order ${id}.`)
    requireMatch(row.version)
    const order = { id, ...applyPatch(OrderChange, row, body) }
    etag(row.version + 1)
    await emit('order.settled', order)
    if (cookies.session === '') return reply(204)
    if (order.quantity > 9) return reply(303, { location: 'https://pay.example.com/7' })
    return reply(200, order, { headers: { 'x-total': 7 }, cookies: { session: null } })
  },
)
