import type { RequestListener } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { errorOf, serve, setUpHttp } from './test-support.ts'

type Reply = (...args: Parameters<RequestListener>) => void
const status =
  (code: number, headers = {}): Reply =>
  (_request, response) =>
    void response.writeHead(code, { ...headers }).end(`${code}`)
const reset: Reply = (_request, response) => {
  response.writeHead(200, { 'content-length': 10 }).write('half', () => response.socket?.resetAndDestroy())
}

/** A server that gives these replies in order, the last one again and again, and the keys of the requests it has got. */
async function serveInOrder(...replies: readonly Reply[]) {
  const keys: (string | undefined)[] = []
  const origin = await serve((request, response) => {
    const reply = replies[Math.min(keys.length, replies.length - 1)]!
    keys.push([request.headers['idempotency-key']].flat()[0])
    reply(request, response)
  })
  return { origin, keys }
}

describe('a failed attempt', () => {
  it.each([408, 425, 429, 502, 503, 504])('with %i is retried', async (code) => {
    const { origin } = await serveInOrder(status(code), status(200))
    expect((await setUpHttp().http.get(origin)).status).toBe(200)
  })

  it('that breaks in the middle of its response is retried', async () => {
    const { origin, keys } = await serveInOrder(reset, status(200))
    expect((await setUpHttp().http.get(origin)).text()).toBe('200')
    expect(keys.length).toBe(2)
  })

  it('that was the last one is the response', async () => {
    const { origin, keys } = await serveInOrder(status(503))
    expect((await setUpHttp().http.get(origin)).status).toBe(503)
    expect((await setUpHttp().http.get(origin, { retries: 0 })).status).toBe(503)
    expect(keys.length).toBe(3 + 1)
  })

  it.each(['post', 'patch'] as const)('is not retried for %s', async (verb) => {
    const { origin, keys } = await serveInOrder(status(503))
    expect((await setUpHttp().http[verb](origin)).status).toBe(503)
    expect(keys.length).toBe(1)
    const broken = await serveInOrder(reset)
    expect(await errorOf(setUpHttp().http[verb](broken.origin))).toMatchObject({ code: 'network', attempts: 1 })
  })

  it('is retried for a POST with an Idempotency-Key', async () => {
    const { origin, keys } = await serveInOrder(reset, status(503), status(201))
    expect((await setUpHttp().http.post(origin, { headers: { 'Idempotency-Key': 'k' }, json: 1 })).status).toBe(201)
    expect(keys).toEqual(['k', 'k', 'k'])
  })
})

describe('the delay before a retry', () => {
  it('is random, below a limit that doubles', async () => {
    const { origin } = await serveInOrder(status(503))
    const { http, delays } = setUpHttp({ random: 0.5 })
    await http.get(origin, { retries: 4 })
    expect(delays).toEqual([50, 100, 200, 400])
  })

  it('is never shorter than Retry-After', async () => {
    const date = { 'retry-after': 'Wed, 21 Oct 2026 07:28:03 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }
    const { origin } = await serveInOrder(status(503, { 'retry-after': 2 }), status(429, date), status(200))
    const { http, delays } = setUpHttp({ random: 0.5 })
    expect((await http.get(origin)).status).toBe(200)
    expect(delays).toEqual([2_050, 3_100])
  })

  it('is refused if Retry-After asks for more than 5 s: there is no retry', async () => {
    const { origin, keys } = await serveInOrder(status(503, { 'retry-after': 6 }))
    const { http, delays } = setUpHttp()
    expect((await http.get(origin)).status).toBe(503)
    expect([keys.length, delays]).toEqual([1, []])
  })
})

it('retries are at most 20 % of calls, and ten more', async () => {
  const { origin, keys } = await serveInOrder(status(429))
  const { http } = setUpHttp()
  for (let i = 0; i < 200; i++) await http.get(origin)
  expect(keys.length).toBeLessThanOrEqual(200 + 10 + 40)
  expect(keys.length).toBeGreaterThanOrEqual(200 + 10 + 39)
})
