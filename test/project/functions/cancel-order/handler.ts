import { policy, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Order } from '../../domain/order.ts'
import contract from './contract.ts'

type Row = z.infer<typeof Order> & { readonly owner: string }

export default implement(contract, { sql: postgres, policy }, async ({ params }, { sql, may, fail }) => {
  const order = await sql.one<Row>`select * from orders where id = ${params.id}`
  if (!order) throw fail('order_not_found', 'There is no such order.')
  await may('cancel', { order })
  await sql`delete from orders where id = ${params.id}`
  return order
})
