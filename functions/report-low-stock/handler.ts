import { html, mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { SENDER } from '../../domain/mail.ts'
import { Product } from '../../domain/product.ts'
import contract from './contract.ts'

const LOW = 5
const MOST = 100
const Row = Product.pick({ sku: true, name: true, stock: true })

export default implement(contract, { sql: postgres, mail }, async ({ event, data }, { sql, mail, log }) => {
  const products = await sql.typed(Row)`
    select sku, name, stock from products where stock < ${LOW} order by stock, sku limit ${MOST}`
  if (products.length === 0) return log.info('no product is about to sell out')

  await mail.send({
    // The time that the cron names: a firing that is repeated is the same mail.
    messageId: `${event.id}@low-stock.example.com`,
    from: SENDER,
    to: 'merchants@example.com',
    subject: `${products.length} products are about to sell out`,
    text: `${data.plannedAt}\n\n${products.map(({ sku, name, stock }) => `${stock}  ${name} (${sku})`).join('\n')}\n`,
    html: html`<!doctype html>
<h1>About to sell out</h1>
<table>${products.map(({ sku, name, stock }) => html`<tr><td>${stock}</td><td>${name}</td><td>${sku}</td></tr>`)}</table>
`,
  })
})
