import { equal, ok } from 'node:assert/strict'
import placeOrderContract from '../../../functions/place-order/contract.ts'
import { untilTrue } from '../../support/until.ts'
import { assertProblem, assertStatus } from '../assertions.ts'
import type { Case } from '../session.ts'
import { newKey, newProduct, placeOrder, stockOf } from '../shop.ts'

const { timeoutMs } = placeOrderContract
/** The way there and back, and what a busy machine needs to undo what was begun. */
const SLACK_MS = 4_000

export const deadlines: readonly Case[] = [
  {
    name: "deadlines: 504 when the contract's time is over; nothing is left of the request, and its key is free",
    needs: ['key', 'holdProduct'],
    run: async ({ send, caller, target: { holdProduct } }) => {
      const [me, key] = [await caller(), newKey()]
      const sku = await newProduct(me, { stock: 10 })
      // From here on its function runs, and the time is all its own.
      assertStatus(await placeOrder(me, sku), 201)
      const release = await holdProduct?.(sku)
      const beganAt = performance.now()
      const late = await placeOrder(me, sku, { key }).finally(release)
      const tookMs = performance.now() - beganAt
      assertProblem(late, 504, 'deadline_exceeded')
      ok(tookMs > timeoutMs / 2 && tookMs < timeoutMs + SLACK_MS, `${timeoutMs} ms took ${Math.round(tookMs)} ms`)
      // What was begun may be undone after the answer.
      let again = await placeOrder(me, sku, { key })
      const isFree = async () => {
        if (again.status === 409) again = await placeOrder(me, sku, { key })
        return again.status !== 409
      }
      await untilTrue(isFree, { limitMs: SLACK_MS, what: 'the end of what is too late' })
      assertStatus(again, 201)
      equal(again.headers['idempotency-replayed'], undefined)
      equal(await stockOf({ send }, sku), 8)
    },
  },
  {
    name: 'deadlines: a caller who hangs up ends the work: its key is free at once, and nothing was done',
    needs: ['key', 'holdProduct'],
    run: async ({ send, caller, target: { holdProduct } }) => {
      const [me, key] = [await caller(), newKey()]
      const [sku, other] = [await newProduct(me, { stock: 10 }), await newProduct(me)]
      const release = await holdProduct?.(sku)
      const hangUp = new AbortController()
      const twins = [1, 2].map(() => placeOrder(me, sku, { key, signal: hangUp.signal }))
      try {
        // One of them is refused because the other one is at work.
        assertProblem(await Promise.race(twins), 409, 'in_progress')
        hangUp.abort()
        const isFree = async () => (await placeOrder(me, other, { key })).status === 201
        await untilTrue(isFree, { limitMs: timeoutMs / 2, what: 'the end of what no caller waits for' })
      } finally {
        hangUp.abort()
        await Promise.allSettled(twins)
        await release?.()
      }
      equal(await stockOf({ send }, sku), 10)
    },
  },
  {
    name: 'deadlines: a request whose caller hung up and asks again under its key has one effect',
    needs: ['key'],
    run: async ({ send, caller, until }) => {
      const [me, key] = [await caller(), newKey()]
      const sku = await newProduct(me, { stock: 10 })
      // The first one may have to wait for its function.
      assertStatus(await placeOrder(me, sku), 201)
      const beganAt = performance.now()
      assertStatus(await placeOrder(me, sku), 201)
      const usualMs = performance.now() - beganAt
      for (const part of [0.3, 0.6, 0.8, 0.9, 1, 1.2, 3]) {
        const signal = AbortSignal.timeout(Math.ceil(usualMs * part))
        await placeOrder(me, sku, { key, signal }).catch(() => undefined)
      }
      await until(async () => (await placeOrder(me, sku, { key })).status === 201, 'an answer to the last request')
      equal(await stockOf({ send }, sku), 7)
    },
  },
]
