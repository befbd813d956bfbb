import { describe, expect, it } from '@jest/globals'
import { codeOf, testWall } from './test-wall.ts'
import { ADMIN_KEY } from './wall.ts'

// OWASP API5:2023. Which role may call which endpoint by which method is the matrix (matrix.test.ts).
const { callers, wall } = testWall()

/** What operators have, on a port of its own. */
const ADMIN = ['/v1/functions', '/v1/events', '/v1/keys?subject=ann', '/metrics', '/v1/deliveries']

describe('what operators may', () => {
  it.each(ADMIN)('%s is not on the public port, whatever key is sent', async (path) => {
    const everything = await callers.caller()
    for (const { status } of [
      await callers.stranger.get(path),
      await everything.get(path),
      await callers.stranger.get(path, { 'x-api-key': ADMIN_KEY }),
      await callers.stranger.get(path, { authorization: `Bearer ${ADMIN_KEY}` }),
    ])
      expect([401, 403, 404]).toContain(status)
  })

  it('is refused on the admin port without the admin key', async () => {
    const { admin } = wall()
    const key = await wall().keyOf('ann', ['users:read'])
    for (const headers of [
      {},
      { authorization: `Bearer ${key}` },
      { 'x-api-key': key },
      { authorization: 'Bearer ' },
    ] as const) {
      const made = await fetch(`${admin}/v1/keys`, { method: 'POST', headers: { ...headers }, body: '{}' })
      expect([made.status, (await fetch(`${admin}/v1/events`, { headers })).status]).toEqual([401, 401])
    }
  })
})

it.each(['x-http-method-override', 'x-method-override', 'x-http-method'])('%s changes no method', async (name) => {
  const caller = await callers.caller(['users:read'])
  const answer = await caller.get('/v1/users/0b5c8ab0-5a0a-4a43-8d8a-ea9a8d2b64a0', { [name]: 'DELETE' })
  expect([answer.status, codeOf(answer)]).toEqual([404, 'user_not_found'])
  expect((await caller.get('/v1/users?_method=POST', { [name]: 'POST' })).status).toBe(405)
})

it.each(['/V1/users', '/v1/users/', '/v1//users', '/v1/./users', '/v1/%75sers', '/v1/users;a=b', '/v1/users%2f'])(
  'another spelling of a path is no other way to its function: %s',
  async (path) => {
    const before = wall().received.length
    const answer = await callers.stranger.send({ method: 'POST', path, json: {}, headers: { 'idempotency-key': 'k' } })
    expect([400, 401, 404, 405]).toContain(answer.status)
    expect(wall().received.length).toBe(before)
  },
)

it('a subscriber is no endpoint: only the relay calls it', async () => {
  const everything = await callers.caller()
  for (const path of ['/', '/confirm-order', '/v1/confirm-order', '/send-welcome-email/'])
    expect((await everything.post(path, {}, { 'ce-type': 'order.placed', 'ce-id': '1' })).status).toBe(404)
  expect(wall().received.filter(({ name }) => name === 'confirm-order')).toEqual([])
})
