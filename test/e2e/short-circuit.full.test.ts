import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startEbb, type TestEbb } from '../support/ebb.ts'

let ebb: TestEbb
beforeAll(async () => {
  ebb = await startEbb()
})
afterAll(() => ebb.stop())

const user = { email: 'ada@example.com', name: 'Ada' }
const withKey = { 'idempotency-key': 'bad' }

/** Ten ways in which a request can be bad, each with the answer that it gets. */
const ways = (): readonly [string, number, () => Promise<Response>][] => [
  ['no such path', 404, () => ebb.call('GET', '/v1/nothing')],
  ['no such method', 405, () => ebb.call('DELETE', '/v1/users')],
  ['no key', 401, () => ebb.call('POST', '/v1/users', { key: '', headers: withKey, body: user })],
  [
    'a wrong key',
    401,
    () => ebb.call('POST', '/v1/users', { key: 'ebb_live_wrong_key', headers: withKey, body: user }),
  ],
  [
    'a wrong media type',
    415,
    () => ebb.call('POST', '/v1/users', { headers: { ...withKey, 'content-type': 'text/plain' }, body: 'x' }),
  ],
  ['malformed JSON', 400, () => ebb.call('POST', '/v1/users', { headers: withKey, body: '{"email":' })],
  [
    'a body beyond 1 MiB',
    413,
    () => ebb.call('POST', '/v1/users', { headers: withKey, body: `"${'x'.repeat(1024 * 1024)}"` }),
  ],
  ['an unknown name', 400, () => ebb.call('POST', '/v1/users', { headers: withKey, body: { ...user, role: 'admin' } })],
  ['a wrong type', 400, () => ebb.call('POST', '/v1/users', { headers: withKey, body: { ...user, name: 7 } })],
  ['no Idempotency-Key', 400, () => ebb.call('POST', '/v1/users', { body: user })],
]
const EACH = 100

describe('1,000 requests that are bad in ten ways', () => {
  it('are refused, each as it should be, and start no function', async () => {
    for (const [name, status, send] of ways()) {
      for (let sent = 0; sent < EACH; sent += 20) {
        const responses = await Promise.all(Array.from({ length: 20 }, send))
        expect([name, ...new Set(responses.map((response) => response.status))]).toEqual([name, status])
        for (const response of responses) {
          expect(response.headers.get('content-type')).toBe('application/problem+json')
          const problem = (await response.json()) as { correlationId: string }
          expect(problem).toMatchObject({ status, error: expect.any(String), message: expect.any(String) })
          expect(problem.correlationId).toBe(response.headers.get('x-correlation-id'))
        }
      }
    }
    for (const status of await ebb.functions())
      expect(status).toMatchObject({ instances: 0, coldStarts: 0, requests: 0 })
    expect(ebb.events.filter(({ event }) => event === 'spawn')).toEqual([])
  })

  it('are counted by reason', async () => {
    const counts = [...(await ebb.metrics()).matchAll(/^ebb_wakeups_avoided_total\{reason="(\w+)"\} (\d+)$/gm)]
    expect(Object.fromEntries(counts.map(([, reason, count]) => [reason, Number(count)]))).toMatchObject({
      not_found: EACH,
      method_not_allowed: EACH,
      unauthenticated: 2 * EACH,
      unsupported_media_type: EACH,
      payload_too_large: EACH,
      invalid_request: 4 * EACH,
    })
  })

  it('and a good one after them starts one', async () => {
    expect((await ebb.createUser('ada@example.com')).status).toBe(201)
  })
})
