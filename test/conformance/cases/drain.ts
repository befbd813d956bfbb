import { deepEqual, equal, ok } from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { ConformanceResponse } from '../client.ts'
import type { Case } from '../session.ts'
import { newProduct, placeOrder, stockOf } from '../shop.ts'

const AT_ONCE = 4
/** A roll-out may take minutes, and each order leads to an event and a mail. */
const PAUSE_MS = 20
const STOCK = 1_000_000
const NAME = 'place-order'

export const drain: readonly Case[] = [
  {
    name: 'drain: while the instances of a function are replaced, every request is answered, and none is lost or doubled',
    needs: ['key', 'restartFunction'],
    run: async ({ send, caller, target: { restartFunction } }) => {
      const me = await caller()
      const sku = await newProduct(me, { stock: STOCK })
      const answers: ConformanceResponse[] = []
      const over = new AbortController()
      const shopper = async () => {
        while (!over.signal.aborted) {
          answers.push(await placeOrder(me, sku))
          await delay(PAUSE_MS)
        }
      }
      const shoppers = Promise.all(Array.from({ length: AT_ONCE }, shopper))
      try {
        await Promise.race([restartFunction?.(NAME), shoppers])
        // By the new ones.
        answers.push(await placeOrder(me, sku))
      } finally {
        over.abort()
      }
      await shoppers
      ok(answers.length > AT_ONCE, `only ${answers.length} requests were made meanwhile`)
      const failed = answers.filter(({ status }) => status !== 201)
      deepEqual(
        failed.map(({ status, text }) => `${status} ${text.slice(0, 200)}`),
        [],
      )
      equal(await stockOf({ send }, sku), STOCK - answers.length)
    },
  },
]
