import { describe, expect, it } from '@jest/globals'
import { untilTrue } from '../../test/support/until.ts'
import { createClient } from './index.ts'
import { readRetryAfter } from './read-response.ts'
import { delayBeforeRetry } from './retry.ts'
import {
  countOrders,
  hangUp,
  json,
  listOrders,
  placeOrder,
  refusal,
  removeOrders,
  scriptedServer,
  searchOrders,
} from './test-support.ts'

const { baseUrl, requests, respondWith } = await scriptedServer()
const contracts = { placeOrder, listOrders, searchOrders, countOrders, removeOrders }
const client = createClient(contracts, { baseUrl, minDelayMs: 1, maxDelayMs: 2 })
const order = { id: '1', sku: 'anchor' }
const place = () => client.placeOrder({ params: { shop: 's' }, body: { sku: 'anchor' } })

describe('a call is retried', () => {
  it.each([
    ...[408, 425, 429, 502, 503, 504].map((status) => [String(status), refusal(status, 'unavailable')] as const),
    ['409 in_progress', refusal(409, 'in_progress')],
    ['a connection that breaks', hangUp],
    ['a declared failure of status 503, which is not stored', refusal(503, 'closed')],
    ['502 of a proxy', json(502, 'Bad Gateway')],
  ])('after %s, with the same key and correlation id', async (_, responder) => {
    respondWith(responder, responder, json(201, order))
    expect(await place()).toMatchObject({ ok: true, data: order })
    expect(requests).toHaveLength(3)
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(new Set(requests.map(({ headers }) => headers['x-correlation-id'])).size).toBe(1)
    expect(new Set(requests.map(({ body }) => body))).toEqual(new Set(['{"sku":"anchor"}']))
  })

  it('where it only reads: a GET, and a POST that says so', async () => {
    respondWith(refusal(503, 'unavailable'), json(200, []))
    expect(await client.listOrders()).toMatchObject({ ok: true })
    requests.length = 0
    expect(await client.searchOrders()).toMatchObject({ ok: true })
    expect(requests).toHaveLength(2)
  })

  it('three times and no more, and then returns the last response', async () => {
    respondWith(refusal(503, 'unavailable'))
    expect(await place()).toMatchObject({ ok: false, error: 'unavailable', status: 503 })
    expect(requests).toHaveLength(4)
  })
})

describe('a call is not retried', () => {
  it.each([
    ...[400, 401, 403, 404, 409, 413, 422, 500].map((status) => [String(status), refusal(status, 'internal')] as const),
    ['409 out_of_stock', refusal(409, 'out_of_stock')],
  ])('after %s', async (_, responder) => {
    respondWith(responder, json(201, order))
    expect(await place()).toMatchObject({ ok: false })
    expect(requests).toHaveLength(1)
  })

  it.each([hangUp, refusal(503, 'unavailable'), refusal(429, 'unavailable')])(
    'where a second one could double the effect (%#)',
    async (responder) => {
      respondWith(responder)
      expect(await client.countOrders()).toMatchObject({ ok: false })
      expect(await client.removeOrders()).toMatchObject({ ok: false })
      expect(requests).toHaveLength(2)
    },
  )

  it('once the caller has gone', async () => {
    respondWith(refusal(503, 'unavailable', { 'retry-after': '1' }))
    const controller = new AbortController()
    void untilTrue(() => requests.length === 1).then(() => setTimeout(() => controller.abort(), 100))
    expect(await client.listOrders({ signal: controller.signal })).toMatchObject({ ok: false, error: 'aborted' })
    expect(requests).toHaveLength(1)
  })
})

describe('the wait between two tries', () => {
  it('is as long as Retry-After says', async () => {
    respondWith(refusal(503, 'unavailable', { 'retry-after': '1' }), json(200, []))
    const start = performance.now()
    expect(await client.listOrders()).toMatchObject({ ok: true })
    expect(performance.now() - start).toBeGreaterThan(990)
  })

  it('is not begun where it would outlast the time limit', async () => {
    respondWith(refusal(503, 'unavailable', { 'retry-after': '60' }), json(200, []))
    const start = performance.now()
    expect(await client.listOrders({ timeoutMs: 30_000 })).toMatchObject({
      error: 'unavailable',
      retryAfterSeconds: 60,
    })
    expect(performance.now() - start).toBeLessThan(20_000)
  })

  it('is anything up to a ceiling that doubles, full jitter', () => {
    const { ok, error, status, message, details } = {
      ...({ ok: false, error: 'unavailable', status: 503, message: '', details: [] } as const),
    }
    const result = { ok, error, status, message, details, correlationId: 'c' }
    const ceilings = [0, 1, 2, 3, 4].map((tries) =>
      delayBeforeRetry(tries, result, { minDelayMs: 100, maxDelayMs: 1_000, random: () => 1 }),
    )
    expect(ceilings).toEqual([100, 200, 400, 800, 1_000])
    const options = { minDelayMs: 100, maxDelayMs: 1_000, random: () => 0.25 }
    expect(delayBeforeRetry(1, result, options)).toBe(50)
    expect(delayBeforeRetry(1, { ...result, retryAfterSeconds: 2 }, options)).toBe(2_050)
  })

  it('is read from seconds and from dates', () => {
    const date = 'Thu, 01 Jan 2026 00:00:00 GMT'
    const read = (text: string) => readRetryAfter(new Headers({ 'retry-after': text, date })).retryAfterSeconds
    expect(['3', 'Thu, 01 Jan 2026 00:00:05 GMT', 'Wed, 31 Dec 2025 00:00:00 GMT', 'soon'].map(read)).toEqual([
      ...[3, 5, 0, undefined],
    ])
  })
})
