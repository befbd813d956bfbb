import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readMails, startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

/** `EBB_TEST_SCALE=full` (as in CI) is 250 calls and four kills; else less of the same. */
const [CALLS, KILLS] = process.env.EBB_TEST_SCALE === 'full' ? [250, 4] : [200, 3]
/** One of the seed's: this many are in stock. The calls ask for so much each that half of them are refused. */
const SKU = 'LAMP-BRASS-01'
const PIECES = CALLS / 2
const QUANTITY = 500 / PIECES

let ebb: TestEbb
beforeAll(async () => {
  // A lease lasts for start, timeout and 10 s: short ones, so that the calls of a killed relay come back soon.
  ebb = await startEbb({ env: { EBB_START_TIMEOUT_MS: '3000', EBB_IDLE_MS: '30000' } })
})
afterAll(() => ebb.stop())

/**
 * Asks for one order without waiting for it; returns the address of its state. A gateway that cannot store a call in
 * time answers 503: it is asked again with the same key, as a caller does, and may have stored it the first time.
 */
async function callAsync(i: number): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const response = await ebb.call('POST', '/v1/orders', {
      headers: { 'idempotency-key': `async-${i}`, prefer: 'respond-async' },
      body: { sku: SKU, quantity: QUANTITY, email: `buyer-${i}@example.com` },
    })
    if (response.status === 202) return response.headers.get('location') ?? ''
    expect(response.status).toBe(503)
    if (attempt === 10) throw new Error(`call ${i} was refused ten times`)
  }
}

interface Invocation {
  readonly state: string
  readonly result?: { readonly status: number; readonly body: { readonly id?: string } }
  readonly problem?: { readonly error: string }
}

interface Product {
  readonly sku: string
  readonly stock: number
}

const stateOf = async (location: string) => (await (await ebb.call('GET', location)).json()) as Invocation
const relays = () => ebb.events.filter(({ event, part }) => event === 'start' && part === 'relay')

describe(`${CALLS} asynchronous calls with the relay killed ${KILLS} times`, () => {
  it('have each exactly one final state and one effect', async () => {
    const locations: string[] = []
    const asking = (async () => {
      for (let i = 0; i < CALLS; i += 10) {
        locations.push(...(await Promise.all(Array.from({ length: 10 }, (_, j) => callAsync(i + j)))))
      }
    })()
    for (let kill = 0; kill < KILLS; kill++) {
      const answered = () => ebb.events.filter(({ event }) => event === 'delivery').length
      const before = answered()
      await untilTrue(() => answered() >= before + 20, { limitMs: 60_000, what: 'twenty more deliveries' })
      const started = relays().length
      process.kill(Number(relays().at(-1)?.pid), 'SIGKILL')
      await untilTrue(() => relays().length > started, { what: 'another relay' })
    }
    await asking

    const open = new Set(locations)
    const final = new Map<string, Invocation>()
    const allFinal = async () => {
      for (const location of open) {
        const invocation = await stateOf(location)
        // The others are asked for once this one has ended, each once.
        if (invocation.state !== 'done' && invocation.state !== 'failed') return false
        open.delete(location)
        final.set(location, invocation)
      }
      return true
    }
    await untilTrue(allFinal, { limitMs: 120_000, what: 'the final state of every call' })

    const done = [...final.values()].filter(({ state }) => state === 'done')
    const failed = [...final.values()].filter(({ state }) => state === 'failed')
    expect([done.length, failed.length]).toEqual([PIECES, CALLS - PIECES])
    expect(new Set(done.map(({ result }) => result?.body.id)).size).toBe(PIECES)
    expect(new Set(failed.map(({ problem }) => problem?.error))).toEqual(new Set(['out_of_stock']))
    const { items } = (await (await ebb.call('GET', '/v1/products')).json()) as { items: readonly Product[] }
    expect(items.find(({ sku }) => sku === SKU)?.stock).toBe(0)

    await untilTrue(async () => (await readMails(ebb.folder)).size >= PIECES, {
      limitMs: 60_000,
      what: `${PIECES} receipts`,
    })
    const receipts = [...(await readMails(ebb.folder)).values()].map((mail) => /^To: (.*)$/m.exec(mail)?.[1]?.trim())
    expect(new Set(receipts).size).toBe(PIECES)
    expect(receipts).toHaveLength(PIECES)
  }, 300_000)
})
