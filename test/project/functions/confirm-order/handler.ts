import { mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, mail }, async ({ event, data }, { sql, mail, fail }) => {
  const order = await sql.one`
    update orders set state = 'confirmed' where id = ${data.id} and state = 'placed' returning id`
  if (!order) throw fail('order_not_placed', `No order ${data.id} waits to be confirmed.`)
  await mail.send({
    messageId: `${event.id}@receipt.example.com`,
    from: 'hello@example.com',
    to: data.email,
    subject: `Your receipt: ${data.sku}`,
    text: `${data.quantity} × ${data.sku}\n`,
  })
})
