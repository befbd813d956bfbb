import { html, mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { SENDER } from '../../domain/mail.ts'
import { formatMoney } from '../../domain/money.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, mail }, async ({ event, data }, { mail }) => {
  const total = formatMoney(data.total)
  await mail.send({
    messageId: `${event.id}@cancelled.example.com`,
    from: SENDER,
    to: data.email,
    subject: `Cancelled: your order of ${data.sku}`,
    text: `Your order ${data.id} is cancelled.\n\nYou get ${total} back.\n`,
    html: html`<!doctype html>
<h1>Your order is cancelled.</h1>
<p>You get <strong>${total}</strong> back.</p>
<p>Order ${data.id}</p>
`,
  })
})
