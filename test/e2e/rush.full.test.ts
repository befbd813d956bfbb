import { dirname } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { readMails, startEbb, type TestEbb } from '../support/ebb.ts'
import { itWithRedis } from '../support/redis.ts'
import { untilTrue } from '../support/until.ts'

const BUYERS = 200
const PIECES = 50
/** One of the seed's: exactly this many are in stock. */
const SKU = 'MUG-LAUNCH-50'

const order = (ebb: TestEbb, buyer: number) =>
  ebb.call('POST', '/v1/orders', {
    headers: { 'idempotency-key': `order-${buyer}` },
    body: { sku: SKU, quantity: 1, email: `buyer-${buyer}@example.com` },
  })

async function rush(env: Readonly<Record<string, string>>) {
  const ebb = await startEbb({ env })
  try {
    const responses = await Promise.all(Array.from({ length: BUYERS }, (_, buyer) => order(ebb, buyer)))
    const answers = await Promise.all(
      responses.map(async (response) => ({ status: response.status, body: (await response.json()) as Answer })),
    )
    const placed = answers.filter(({ status }) => status === 201)
    const refused = answers.filter(({ status, body }) => status === 409 && body.error === 'out_of_stock')
    expect([placed.length, refused.length]).toEqual([PIECES, BUYERS - PIECES])
    const instances = ebb.events.filter(
      ({ event, function: name }) => event === 'spawn' && name === 'place-order',
    ).length
    expect(instances).toBeGreaterThan(1)

    await untilTrue(async () => (await readMails(ebb.folder)).size >= PIECES, {
      what: `${PIECES} receipts`,
    })
    const receipts = [...(await readMails(ebb.folder)).values()].map((mail) => /^To: (.*)$/m.exec(mail)?.[1]?.trim())
    expect(receipts.sort()).toEqual(placed.map(({ body }) => body.email).sort())
    const confirmed = await ebb.call('GET', `/v1/orders/${placed[0]?.body.id}`)
    expect(await confirmed.json()).toMatchObject({ state: 'confirmed' })
    await untilTrue(async () => (await ebb.functions()).every(({ instances: now }) => now === 0), {
      what: 'no instance',
    })
  } finally {
    await ebb.stop()
  }
}

interface Answer {
  readonly error?: string
  readonly id?: string
  readonly email?: string
}

describe(`${BUYERS} buyers of ${PIECES} pieces get what is there, and one receipt each`, () => {
  // Without the folders of the system on its PATH the runner finds no redis-server.
  it('without Redis', () => rush({ PATH: dirname(process.execPath) }))

  itWithRedis('with Redis', () => rush({}))
})
