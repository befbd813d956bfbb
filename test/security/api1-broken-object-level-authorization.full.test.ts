import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { codeOf, newOrder, newUser, testWall } from './test-wall.ts'

// OWASP API1:2023. Who sees whose orders is the matrix (matrix.test.ts); here is what is somebody's without a contract saying so.
const { callers, wall } = testWall()

describe('what belongs to one caller', () => {
  it('a stored response is not given for another caller`s use of its key', async () => {
    const [ann, ben] = [await callers.caller(), await callers.caller()]
    const key = { 'idempotency-key': randomUUID() }
    const user = newUser()
    const first = await ann.post('/v1/users', user, key)
    const again = await ann.post('/v1/users', user, key)
    expect([first.status, again.status, again.headers['idempotency-replayed']]).toEqual([201, 201, 'true'])
    const other = await ben.post('/v1/users', user, key)
    expect([other.status, codeOf(other), other.headers['idempotency-replayed']]).toEqual([
      409,
      'email_taken',
      undefined,
    ])
    expect(other.text).not.toContain(first.json<{ id: string }>().id)
  })

  it('a call that is made later is there for its caller, and for nobody else, whatever scopes they have', async () => {
    const [ann, ben] = [await callers.caller(), await callers.caller()]
    const accepted = await ann.post('/v1/orders', newOrder(), { prefer: 'respond-async' })
    const path = accepted.headers.location ?? ''
    expect([accepted.status, (await ann.get(path)).status]).toEqual([202, 200])
    for (const other of [ben, callers.stranger]) {
      const answer = await other.get(path)
      const missing = await other.get(path.replace(/[^/]+$/, randomUUID()))
      expect(answer.status).toBe(missing.status)
      expect([401, 404]).toContain(answer.status)
    }
  })

  it('an id is nothing to guess: those of things made one after the other have nothing in common', async () => {
    const ann = await callers.caller()
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => (await ann.post('/v1/users', newUser())).json<{ id: string }>().id),
    )
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set(ids.map((id) => id.slice(0, 8))).size).toBe(20)
    expect(wall().received.length).toBeGreaterThan(0)
  })

  it('the owner of a thing is whoever made it, and not whom a request names', async () => {
    const [ann, ben] = [await callers.caller(['users:write']), await callers.caller(['users:write'], 'ben')]
    const path =
      (await ann.post('/v1/users', newUser(), { 'x-user': 'ben', 'ebb-identity': 'ben' })).headers.location ?? ''
    expect([(await ann.get(path)).status, (await ben.get(path)).status]).toEqual([200, 403])
  })
})
