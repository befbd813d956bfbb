import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { decodeCursor, encodeCursor } from '../../domain/cursor.ts'
import { Order } from '../../domain/order.ts'
import contract from './contract.ts'

/** Where a page ended: no two orders have the same id. */
const Position = Order.pick({ id: true, createdAt: true })

export default implement(contract, { sql: postgres }, async ({ query }, { sql, caller, fail }) => {
  const { state, limit, cursor } = query
  const after = cursor === undefined ? undefined : decodeCursor(cursor, Position)
  if (cursor !== undefined && !after) throw fail('invalid_cursor', 'This is no cursor of a list of orders.')

  const conditions = [sql.fragment`owner = ${caller.sub}`]
  if (state) conditions.push(sql.fragment`state = ${state}`)
  if (after) conditions.push(sql.fragment`(created_at, id) < (${after.createdAt}, ${after.id})`)
  const found = await sql.typed(Order)`
    select *, to_money(unit_price_amount, currency) as unit_price, to_money(total_amount, currency) as total
    from orders
    where ${sql.join(conditions, sql.fragment` and `)}
    order by created_at desc, id desc
    limit ${limit + 1}`

  const items = found.slice(0, limit)
  const last = items.at(-1)
  return last && found.length > limit ? { items, next: encodeCursor(Position.parse(last)) } : { items }
})
