import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  assertIssues,
  assertProblem,
  assertReplay,
  assertRetryAfter,
  assertStatus,
  type ProblemBody,
} from '../assertions.ts'
import type { ConformanceResponse } from '../client.ts'
import type { Caller, Case, Session } from '../session.ts'
import { newKey, newProduct, newSku, type Order, placeOrder, productOf, stockOf } from '../shop.ts'

interface Invocation {
  readonly id: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  readonly attempts: number
  readonly result?: { readonly status: number; readonly headers: Record<string, string>; readonly body: Order }
  readonly problem?: ProblemBody
}

const ASYNC = { prefer: 'respond-async' }

export const asyncCalls: readonly Case[] = [
  {
    name: '202: with Location and Preference-Applied, and at that address the state, at last with the result',
    needs: ['key'],
    run: async ({ send, caller, until }) => {
      const me = await caller()
      const sku = await newProduct(me, { stock: 10 })
      const accepted = await placeOrder(me, sku, { headers: ASYNC })
      const path = locationOf(accepted)
      equal(accepted.headers['preference-applied'], 'respond-async')
      const { result, attempts, id } = await untilFinal(me, path, until)
      equal(path, `/v1/invocations/${id}`)
      ok(attempts >= 1)
      deepEqual([result?.status, result?.body.sku], [201, sku])
      equal(result?.headers.location, `/v1/orders/${result?.body.id}`)
      assertStatus(await me.send({ path: `/v1/orders/${result?.body.id}` }), 200)
      equal(await stockOf({ send }, sku), 9)
    },
  },
  {
    name: '202: the same key gets the same 202, and has one effect',
    needs: ['key'],
    run: async ({ send, caller, until }) => {
      const [me, key] = [await caller(), newKey()]
      const sku = await newProduct(me, { stock: 10 })
      const first = await placeOrder(me, sku, { key, headers: ASYNC })
      assertReplay(await placeOrder(me, sku, { key, headers: ASYNC }), first)
      const other = await placeOrder(me, sku, { key, quantity: 2, headers: ASYNC })
      assertProblem(other, 422, 'idempotency_mismatch')
      equal((await untilFinal(me, locationOf(first), until)).state, 'done')
      assertReplay(await placeOrder(me, sku, { key, headers: ASYNC }), first)
      equal(await stockOf({ send }, sku), 9)
    },
  },
  {
    name: '202: a failure that the contract declares is the end, with the correlation id of who asked',
    needs: ['key'],
    run: async ({ caller, until }) => {
      const [me, correlationId] = [await caller(), `conformance.${randomUUID()}`]
      const headers = { ...ASYNC, 'x-correlation-id': correlationId }
      const path = locationOf(await placeOrder(me, newSku(), { headers }))
      const { state, attempts, problem } = await untilFinal(me, path, until)
      deepEqual([state, attempts, problem?.status, problem?.error], ['failed', 1, 404, 'product_not_found'])
      equal(problem?.correlationId, correlationId)
    },
  },
  {
    name: '202: 404 for everybody but who asked, and for an id that is none; 401 without a key',
    needs: ['admin'],
    run: async ({ send, caller, newCaller }) => {
      const [me, other] = [await caller(), await newCaller()]
      const path = locationOf(await placeOrder(me, newSku(), { headers: ASYNC }))
      assertStatus(await me.send({ path }), 200)
      const unknown = await me.send({ path: `/v1/invocations/${randomUUID()}` })
      const foreign = await other.send({ path })
      const [a, b] = [assertProblem(unknown, 404, 'not_found'), assertProblem(foreign, 404, 'not_found')]
      equal(a.message, b.message, 'another caller`s call looks different from none')
      assertProblem(await me.send({ path: '/v1/invocations/none' }), 404, 'not_found')
      assertProblem(await send({ path }), 401, 'unauthenticated')
    },
  },
  {
    name: '202: what is bad is refused at once, and where the contract does not offer it, the answer is waited for',
    needs: ['key'],
    run: async ({ caller }) => {
      const me = await caller()
      assertIssues(await placeOrder(me, newSku(), { quantity: 0, headers: ASYNC }), 'body.quantity')
      const headers = { ...ASYNC, 'idempotency-key': newKey() }
      const json = productOf(newSku(), 1)
      assertStatus(await me.send({ method: 'POST', path: '/v1/products', json, headers }), 201)
      assertStatus(await placeOrder(me, await newProduct(me), { headers: { prefer: 'wait=10' } }), 201)
    },
  },
  {
    name: 'retries: a call that is not waited for is made again until it succeeds, and has one effect',
    needs: ['key', 'holdProduct'],
    run: async ({ send, caller, until, target: { holdProduct } }) => {
      const me = await caller()
      const sku = await newProduct(me, { stock: 10 })
      const release = await holdProduct?.(sku)
      const path = locationOf(await placeOrder(me, sku, { headers: ASYNC }))
      const failedOnce = async () => {
        const { state, attempts } = await stateOf(me, path)
        return state === 'waiting' && attempts > 0
      }
      await until(failedOnce, 'a first attempt that fails').finally(release)
      const { state, attempts } = await untilFinal(me, path, until)
      equal(state, 'done')
      ok(attempts > 1, `it is done after ${attempts} attempt(s)`)
      equal(await stockOf({ send }, sku), 9)
    },
  },
]

function locationOf(answer: ConformanceResponse): string {
  assertStatus(answer, 202)
  const { location = '' } = answer.headers
  match(location, /^\/v1\/invocations\/[0-9a-f-]{36}$/)
  const { state, location: shown } = answer.json<{ state: string; location: string }>()
  deepEqual([state, shown], ['waiting', location])
  return location
}

async function stateOf({ send }: Caller, path: string): Promise<Invocation> {
  const answer = await send({ path })
  assertStatus(answer, 200)
  equal(answer.headers['cache-control'], 'private, no-store')
  const invocation = answer.json<Invocation>()
  if (invocation.state === 'waiting' || invocation.state === 'running') assertRetryAfter(answer)
  return invocation
}

async function untilFinal(caller: Caller, path: string, until: Session['until']): Promise<Invocation> {
  let last = await stateOf(caller, path)
  const isFinal = async () => {
    last = await stateOf(caller, path)
    return last.state === 'done' || last.state === 'failed'
  }
  await until(isFinal, 'the end of a call that is not waited for')
  return last
}
