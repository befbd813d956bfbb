// What `helm test` runs: places a real order through the gateway and waits until its receipt has been mailed.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const { GATEWAY, ADMIN, EBB_ADMIN_KEY_FILE } = process.env
const LIMIT_MS = 240_000
const CALL_MS = 60_000

const json = { 'content-type': 'application/json' }
const admin = { ...json, authorization: `Bearer ${readFileSync(EBB_ADMIN_KEY_FILE, 'utf8').trim()}` }
const began = Date.now()
const say = (sentence) => console.log(`${((Date.now() - began) / 1_000).toFixed(1)} s: ${sentence}`)

process.on('SIGTERM', () => process.exit(1))
const { paths } = await call(`${GATEWAY}/openapi.json`)
say(`the gateway serves ${Object.keys(paths).length} paths`)
if (paths['/v1/orders']?.post && paths['/v1/products']?.get) await order()
else say('no order was placed: this Ebb takes none')

async function order() {
  const expiresAt = new Date(began + 2 * LIMIT_MS).toISOString()
  const grant = { subject: `helm-test.${randomUUID()}`, scopes: ['orders:write', 'orders:read'], expiresAt }
  const { key, token } = await call(`${ADMIN}/v1/keys`, { method: 'POST', headers: admin, body: JSON.stringify(grant) })
  try {
    const { items } = await call(`${GATEWAY}/v1/products?inStock=true&limit=1`)
    const body = JSON.stringify({ sku: items[0].sku, quantity: 1, email: 'helm-test@example.com' })
    const headers = { ...json, authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() }
    const { id } = await call(`${GATEWAY}/v1/orders`, { method: 'POST', headers, body })
    say(`order ${id} of ${items[0].sku} is placed`)
    await receipt(id)
    say('its receipt is mailed')
  } finally {
    await call(`${ADMIN}/v1/keys/${key.id}`, { method: 'DELETE', headers: admin })
  }
}

async function receipt(orderId) {
  for (;;) {
    const { events } = await call(`${ADMIN}/v1/events?type=order.placed&limit=500`, { headers: admin })
    const { deliveries = [] } = events.find(({ subject }) => subject === orderId) ?? {}
    if (deliveries.length > 0 && deliveries.every(({ state }) => state === 'done')) return
    if (deliveries.some(({ state }) => state === 'dead')) throw new Error('the event of the order is a dead letter')
    if (Date.now() - began > LIMIT_MS) throw new Error(`no receipt after ${LIMIT_MS} ms: ${JSON.stringify(deliveries)}`)
    await delay(500)
  }
}

async function call(url, init = {}) {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(CALL_MS) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${url} answered ${answer.status}: ${text}`)
  return text ? JSON.parse(text) : undefined
}
