import { html } from 'ebb/data'
import { lineOf, type NamedOrder } from '../../domain/mail.ts'
import { formatMoney } from '../../domain/money.ts'

/** The receipt of an order, as text and as HTML. */
export const receiptOf = (order: NamedOrder) => ({
  subject: `Your receipt: ${order.name}`,
  text: [
    'Thank you, your order is confirmed.',
    '',
    `  ${lineOf(order)}`,
    `  Total: ${formatMoney(order.total)}`,
    '',
    `Order ${order.id}`,
    '',
  ].join('\n'),
  html: html`<!doctype html>
<h1>Thank you, your order is confirmed.</h1>
<p>${lineOf(order)}</p>
<p>Total: <strong>${formatMoney(order.total)}</strong></p>
<p>Order ${order.id}</p>
`,
})
