import { equal, ok } from 'node:assert/strict'
import { assertIssues, assertProblem, assertReplay, assertRetryAfter, assertStatus } from '../assertions.ts'
import type { Case } from '../session.ts'
import { newKey, newProduct, placeOrder, productOf, stockOf } from '../shop.ts'

const STOCK = 1_000

export const idempotency: readonly Case[] = [
  {
    name: 'idempotency: the same request under the same key gets the same bytes, says so, and has no second effect',
    needs: ['key'],
    run: async ({ send, caller }) => {
      const [me, key] = [await caller(), newKey()]
      const sku = await newProduct(me, { stock: STOCK })
      const first = await placeOrder(me, sku, { key })
      assertStatus(first, 201)
      equal(first.headers['idempotency-replayed'], undefined)
      equal(first.headers.location, `/v1/orders/${first.json<{ id: string }>().id}`)
      assertReplay(await placeOrder(me, sku, { key }), first)
      assertReplay(await placeOrder(me, sku, { key }), first)
      equal(await stockOf({ send }, sku), STOCK - 1)
    },
  },
  {
    name: 'idempotency: 422 for another request under the same key, which stays good for the first',
    needs: ['key'],
    run: async ({ send, caller }) => {
      const [me, key] = [await caller(), newKey()]
      const sku = await newProduct(me, { stock: STOCK })
      const first = await placeOrder(me, sku, { key })
      assertProblem(await placeOrder(me, sku, { key, quantity: 2 }), 422, 'idempotency_mismatch')
      assertReplay(await placeOrder(me, sku, { key }), first)
      equal(await stockOf({ send }, sku), STOCK - 1)
    },
  },
  {
    name: 'idempotency: a failure that the contract declares is replayed as well',
    needs: ['key'],
    run: async ({ caller }) => {
      const [me, key] = [await caller(), newKey()]
      const sku = await newProduct(me, { stock: 0 })
      const first = await placeOrder(me, sku, { key })
      assertProblem(first, 409, 'out_of_stock')
      assertReplay(await placeOrder(me, sku, { key }), first)
    },
  },
  {
    name: 'idempotency: of many at once under one key, one has an effect; the others get its reply, or a 409',
    needs: ['key'],
    run: async ({ send, caller }) => {
      const [me, key] = [await caller(), newKey()]
      const sku = await newProduct(me, { stock: STOCK })
      const answers = await Promise.all(Array.from({ length: 10 }, () => placeOrder(me, sku, { key })))
      const made = answers.filter(({ status }) => status === 201)
      equal(new Set(made.map(({ text }) => text)).size, 1, 'not exactly one order was made')
      equal(made.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length, 1)
      for (const answer of answers.filter(({ status }) => status !== 201)) {
        assertProblem(answer, 409, 'in_progress')
        assertRetryAfter(answer)
      }
      equal(await stockOf({ send }, sku), STOCK - 1)
    },
  },
  {
    name: 'idempotency: 409 at once with Retry-After while the first is under way, its answer afterwards',
    needs: ['key', 'holdProduct'],
    run: async ({ caller, target: { holdProduct } }) => {
      const [me, key] = [await caller(), newKey()]
      const sku = await newProduct(me)
      const release = await holdProduct?.(sku)
      const twins = [placeOrder(me, sku, { key }), placeOrder(me, sku, { key })]
      try {
        const second = await Promise.race(twins)
        assertProblem(second, 409, 'in_progress')
        assertRetryAfter(second)
      } finally {
        await release?.()
      }
      const first = (await Promise.all(twins)).find(({ status }) => status !== 409)
      ok(first, 'both were refused')
      assertStatus(first, 201)
      assertReplay(await placeOrder(me, sku, { key }), first)
    },
  },
  {
    name: 'idempotency: a key is one of its caller and its endpoint, and a refused request does not use it up',
    needs: ['admin'],
    run: async ({ caller, newCaller }) => {
      const [me, other, key] = [await caller(), await newCaller(), newKey()]
      const sku = await newProduct(me)
      assertIssues(await placeOrder(me, sku, { key, quantity: 0 }), 'body.quantity')
      const headers = { 'idempotency-key': key }
      const product = await me.send({ method: 'POST', path: '/v1/products', json: productOf(`${sku}-B`, 1), headers })
      for (const answer of [product, await placeOrder(me, sku, { key }), await placeOrder(other, sku, { key })]) {
        assertStatus(answer, 201)
        equal(answer.headers['idempotency-replayed'], undefined)
      }
    },
  },
  {
    name: 'idempotency: 400 without a key where the contract asks for one, and for one that is ill-formed',
    needs: ['key'],
    run: async ({ caller }) => {
      const { send } = await caller()
      const json = { email: 'conformance@example.com', name: 'Ada' }
      for (const headers of [{}, { 'idempotency-key': '' }, { 'idempotency-key': 'x'.repeat(256) }]) {
        assertIssues(await send({ method: 'POST', path: '/v1/users', json, headers }), 'headers.idempotency-key')
      }
    },
  },
]
