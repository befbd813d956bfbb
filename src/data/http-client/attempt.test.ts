import type { RequestListener } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { errorOf, serve, setUpHttp } from './test-support.ts'

type Reply = (...exchange: Parameters<RequestListener>) => void
const status =
  (code: number, headers = {}): Reply =>
  (_request, response) =>
    void response.writeHead(code, { ...headers }).end(`${code}`)
const reset: Reply = (_request, response) => {
  response.writeHead(200, { 'content-length': 10 }).write('half', () => response.socket?.resetAndDestroy())
}

/** Answers with these in turn, the last one again and again; and how often it was asked. */
async function serveInOrder(...replies: readonly Reply[]) {
  const seen: (string | undefined)[] = []
  const origin = await serve((request, response) => {
    const reply = replies[Math.min(seen.length, replies.length - 1)]!
    seen.push([request.headers['idempotency-key']].flat()[0])
    reply(request, response)
  })
  return { origin, seen }
}

describe('a try that fails', () => {
  it.each([408, 425, 429, 502, 503, 504])('with %i is made again', async (code) => {
    const { origin } = await serveInOrder(status(code), status(200))
    expect((await setUpHttp().http.get(origin)).status).toBe(200)
  })

  it('in the middle of its answer is made again', async () => {
    const { origin, seen } = await serveInOrder(reset, status(200))
    expect((await setUpHttp().http.get(origin)).text()).toBe('200')
    expect(seen.length).toBe(2)
  })

  it('for the last time is the answer', async () => {
    const { origin, seen } = await serveInOrder(status(503))
    expect((await setUpHttp().http.get(origin)).status).toBe(503)
    expect((await setUpHttp().http.get(origin, { retries: 0 })).status).toBe(503)
    expect(seen.length).toBe(3 + 1)
  })

  it.each(['post', 'patch'] as const)('is not made again for %s', async (verb) => {
    const { origin, seen } = await serveInOrder(status(503))
    expect((await setUpHttp().http[verb](origin)).status).toBe(503)
    expect(seen.length).toBe(1)
    const broken = await serveInOrder(reset)
    expect(await errorOf(setUpHttp().http[verb](broken.origin))).toMatchObject({ code: 'network', attempts: 1 })
  })

  it('is made again for a POST whose key says that it may', async () => {
    const { origin, seen } = await serveInOrder(reset, status(503), status(201))
    expect((await setUpHttp().http.post(origin, { headers: { 'Idempotency-Key': 'k' }, json: 1 })).status).toBe(201)
    expect(seen).toEqual(['k', 'k', 'k'])
  })
})

describe('the wait before the next try', () => {
  it('doubles, and is anywhere below that', async () => {
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

  it('is none where Retry-After asks for too long', async () => {
    const { origin, seen } = await serveInOrder(status(503, { 'retry-after': 6 }))
    const { http, delays } = setUpHttp()
    expect((await http.get(origin)).status).toBe(503)
    expect([seen.length, delays]).toEqual([1, []])
  })
})

it('retries are at most 20 % of calls, and ten more', async () => {
  const { origin, seen } = await serveInOrder(status(429))
  const { http } = setUpHttp()
  for (let i = 0; i < 200; i++) await http.get(origin)
  expect(seen.length).toBeLessThanOrEqual(200 + 10 + 40)
  expect(seen.length).toBeGreaterThanOrEqual(200 + 10 + 39)
})
