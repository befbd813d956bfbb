import { equal, match } from 'node:assert/strict'
import { assertIssues, assertProblem, assertStatus } from '../assertions.ts'
import type { ConformanceRequest } from '../client.ts'
import type { Case, Session } from '../session.ts'
import { newKey, newProduct, newSku, placeOrder, productOf } from '../shop.ts'

const GOOD = { sku: 'NO-SUCH', quantity: 1, email: 'conformance@example.com' }
const MAX_BYTES = 1024 * 1024

/** Sends something in place of an order. */
async function order({ caller }: Session, sent: Omit<ConformanceRequest, 'path'>) {
  const headers = { 'idempotency-key': newKey(), ...sent.headers }
  return (await caller()).send({ method: 'POST', path: '/v1/orders', ...sent, headers })
}
const JSON_TYPE = { 'content-type': 'application/json' }

export const errors: readonly Case[] = [
  {
    name: 'errors: 404 for a path that is none, in the case and with the slash that it has',
    run: async ({ send }) => {
      for (const path of ['/', '/v1/nothing-is-here', '/V1/products', '/v1/products/', '/v1/products/a/b']) {
        assertProblem(await send({ path }), 404, 'not_found')
      }
    },
  },
  {
    name: 'errors: 405 names in Allow what the path takes',
    run: async ({ send }) => {
      const took = { '/v1/orders': 'POST', '/v1/products': 'GET, HEAD, POST', '/v1/products/ANY': 'GET, HEAD' }
      for (const [path, allow] of Object.entries(took)) {
        const answer = await send({ method: 'DELETE', path })
        assertProblem(answer, 405, 'method_not_allowed')
        equal(answer.headers.allow, allow)
      }
    },
  },
  {
    name: 'errors: 400 for a body that is no JSON, or that two readers could understand differently',
    needs: ['key'],
    run: async (session) => {
      const email = '"email":"conformance@example.com"'
      const bodies = {
        '{"sku":': 'body',
        '': 'body',
        [`{"sku":"A","sku":"B","quantity":1,${email}}`]: 'body.sku',
        [`{"sku":"A","quantity":1,${email},"__proto__":{}}`]: 'body.__proto__',
        [`{"sku":"A\\u0000","quantity":1,${email}}`]: 'body.sku',
      }
      for (const [body, path] of Object.entries(bodies)) {
        assertIssues(await order(session, { headers: JSON_TYPE, body }), path)
      }
      const deep = `${'['.repeat(40)}${']'.repeat(40)}`
      assertProblem(await order(session, { headers: JSON_TYPE, body: deep }), 400, 'invalid_request')
      const latin = Buffer.from('{"sku":"caf\xe9"}', 'latin1')
      assertIssues(await order(session, { headers: JSON_TYPE, body: latin }), 'body')
    },
  },
  {
    name: 'errors: 400 names every issue of a body by its path, unknown names at any depth too',
    needs: ['key'],
    run: async (session) => {
      const bad = { sku: 'lower-case', quantity: 1.5, colour: 'red' }
      assertIssues(await order(session, { json: bad }), 'body.sku', 'body.quantity', 'body.email', 'body.colour')
      const product = { ...productOf(newSku(), 1), price: { amount: -1, currency: 'EUR', tax: 0 } }
      const answer = await (await session.caller()).send({
        ...{ method: 'POST', path: '/v1/products', json: product, headers: { 'idempotency-key': newKey() } },
      })
      assertIssues(answer, 'body.price.amount', 'body.price.tax')
    },
  },
  {
    name: 'errors: 400 names the issues of path, query and headers as those of the body, all at once',
    needs: ['key'],
    run: async ({ send, caller }) => {
      const me = await caller()
      assertIssues(await me.send({ path: '/v1/orders/no-uuid' }), 'params.id')
      const query = 'limit=0&maxPrice=cheap&inStock=maybe&sort=luck&colour=red'
      const parts = ['query.limit', 'query.maxPrice', 'query.inStock', 'query.sort', 'query.colour']
      assertIssues(await send({ path: `/v1/products?${query}` }), ...parts)
      assertIssues(await send({ path: '/v1/products?sort=name&sort=price' }), 'query.sort')
      const sent = { method: 'POST', path: '/v1/orders?colour=red', json: { ...GOOD, quantity: 0 } }
      assertIssues(await me.send(sent), 'headers.idempotency-key', 'query.colour', 'body.quantity')
    },
  },
  {
    name: 'errors: 415 for a body of another type, charset or coding',
    needs: ['key'],
    run: async (session) => {
      const types = [{}, { 'content-type': 'text/plain' }, { 'content-type': 'application/json; charset=latin1' }]
      for (const headers of [...types, { ...JSON_TYPE, 'content-encoding': 'gzip' }]) {
        const answer = await order(session, { headers, body: JSON.stringify(GOOD) })
        assertProblem(answer, 415, 'unsupported_media_type')
      }
      const headers = { 'content-type': 'Application/JSON; charset="UTF-8"' }
      assertStatus(await order(session, { headers, body: JSON.stringify(GOOD) }), 404)
    },
  },
  {
    name: 'errors: 413 for a body beyond 1 MiB, by its declared and by its real length',
    needs: ['key'],
    run: async (session) => {
      const body = `"${'x'.repeat(MAX_BYTES)}"`
      assertProblem(await order(session, { headers: JSON_TYPE, body }), 413, 'payload_too_large')
      const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' }
      assertProblem(await order(session, { headers, body }), 413, 'payload_too_large')
    },
  },
  {
    name: 'errors: 431 for headers beyond 16 KiB',
    run: async ({ send }) => {
      const answer = await send({ path: '/v1/products', headers: { 'x-long': 'x'.repeat(17 * 1024) } })
      assertProblem(answer, 431, 'headers_too_large')
    },
  },
  {
    name: 'errors: a failure that the contract declares has its code and status',
    needs: ['key'],
    run: async ({ send, caller }) => {
      const me = await caller()
      const sku = await newProduct(me, { stock: 0 })
      assertProblem(await send({ path: `/v1/products/${newSku()}` }), 404, 'product_not_found')
      assertProblem(await send({ path: '/v1/products?cursor=none' }), 400, 'invalid_cursor')
      assertProblem(await placeOrder(me, newSku()), 404, 'product_not_found')
      const refusal = assertProblem(await placeOrder(me, sku), 409, 'out_of_stock')
      match(refusal.message, new RegExp(sku))
      const again = { method: 'POST', path: '/v1/products', json: productOf(sku, 1) }
      assertProblem(await me.send({ ...again, headers: { 'idempotency-key': newKey() } }), 409, 'sku_taken')
    },
  },
]
