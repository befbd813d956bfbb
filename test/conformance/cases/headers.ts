import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { assertIssues, assertStatus } from '../assertions.ts'
import type { ConformanceResponse } from '../client.ts'
import type { Case, Session } from '../session.ts'
import { newProduct, newSku, type Order, placeOrder } from '../shop.ts'

/** Headers between the platform's own parts; `ce-` is how events travel. */
const INNER = /^(ebb-|ce-|k-|knative-|x-envoy-|x-powered-by$|x-openfaas-|x-call-id$|x-duration-seconds$)/

export const headers: readonly Case[] = [
  {
    name: 'headers: a well-formed X-Correlation-Id comes back with every answer',
    run: async (session) => {
      const id = `conformance.${randomUUID()}`
      for (const answer of await fromEverywhere(session, { 'x-correlation-id': id })) {
        equal(answer.headers['x-correlation-id'], id)
        if (answer.status >= 400) equal(answer.json<{ correlationId: string }>().correlationId, id)
      }
    },
  },
  {
    name: 'headers: an X-Correlation-Id that is ill-formed is replaced',
    run: async (session) => {
      for (const id of ['short', 'has a space', 'x'.repeat(129), 'comma,comma', '<script>alert(1)']) {
        for (const answer of await fromEverywhere(session, { 'x-correlation-id': id })) {
          notEqual(answer.headers['x-correlation-id'], id)
          match(String(answer.headers['x-correlation-id']), /^[\w.:-]{8,128}$/)
        }
      }
    },
  },
  {
    name: 'headers: an X-Correlation-Id that is missing is made, another one for each request',
    run: async (session) => {
      const answers = [...(await fromEverywhere(session)), ...(await fromEverywhere(session))]
      const ids = answers.map(({ headers }) => String(headers['x-correlation-id']))
      for (const id of ids) match(id, /^[\w.:-]{8,128}$/)
      equal(new Set(ids).size, ids.length, 'two answers have the same one')
    },
  },
  {
    name: 'headers: no answer shows what is inside',
    needs: ['key'],
    run: async (session) => {
      const caller = await session.caller()
      const ordered = await placeOrder(caller, await newProduct(caller))
      for (const { headers } of [ordered, ...(await fromEverywhere(session))]) {
        deepEqual(
          Object.keys(headers).filter((name) => INNER.test(name)),
          [],
        )
      }
    },
  },
  {
    name: 'headers: what only the platform may send has no effect when a client sends it',
    needs: ['key'],
    run: async ({ caller }) => {
      const me = await caller()
      const forged = {
        ...{
          'ebb-identity': 'eyJhbGciOiJub25lIn0.e30.',
          'ebb-timeout-ms': '1',
          'ce-id': '1',
          'ce-type': 'order.placed',
        },
        ...{ 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1', 'x-forwarded-host': 'example.net' },
        ...{ 'k-original-host': 'example.net', 'x-envoy-upstream-rq-timeout-ms': '1' },
      }
      const ordered = await placeOrder(me, await newProduct(me), { headers: forged })
      assertStatus(ordered, 201)
      // It belongs to whose key it was.
      assertStatus(await me.send({ path: `/v1/orders/${ordered.json<Order>().id}`, headers: forged }), 200)
    },
  },
  {
    name: 'headers: what Connection names is for the next hop only',
    needs: ['key'],
    run: async ({ caller }) => {
      const me = await caller()
      const headers = { connection: 'keep-alive, idempotency-key' }
      assertIssues(await placeOrder(me, await newProduct(me), { headers }), 'headers.idempotency-key')
    },
  },
  {
    name: 'headers: success is application/json, and HEAD is GET without a body',
    needs: ['key'],
    run: async ({ send, caller }) => {
      const path = `/v1/products/${await newProduct(await caller())}`
      const [got, head] = [await send({ path }), await send({ method: 'HEAD', path })]
      for (const answer of [got, head]) {
        assertStatus(answer, 200)
        match(String(answer.headers['content-type']), /^application\/json(;|$)/)
      }
      equal(head.text, '')
      assertStatus(await send({ method: 'HEAD', path: `/v1/products/${newSku()}` }), 404)
    },
  },
  {
    name: 'headers: a page of a strange origin may not read, unless every page may',
    run: async ({ send }) => {
      const headers = { origin: 'https://conformance.invalid' }
      const read = await send({ path: '/v1/products?limit=1', headers })
      const allowed = read.headers['access-control-allow-origin']
      if (allowed === '*') return
      equal(allowed, undefined)
      equal(read.headers['access-control-allow-credentials'], undefined)
      const asked = { ...headers, 'access-control-request-method': 'POST' }
      const preflight = await send({ method: 'OPTIONS', path: '/v1/orders', headers: asked })
      match(String(preflight.status), /^40[35]$/)
      equal(preflight.headers['access-control-allow-methods'], undefined)
    },
  },
]

/** An answer and a refusal of a function, and an answer and a refusal of what stands before it. */
async function fromEverywhere({ send }: Session, headers = {}): Promise<readonly ConformanceResponse[]> {
  const expected: readonly (readonly [string, number])[] = [
    ['/v1/products?limit=1', 200],
    [`/v1/products/${newSku()}`, 404],
    ['/_/health', 200],
    ['/v1/nothing-is-here', 404],
  ]
  const answers: ConformanceResponse[] = []
  for (const [path, status] of expected) {
    const answer = await send({ path, headers })
    assertStatus(answer, status)
    answers.push(answer)
  }
  return answers
}
