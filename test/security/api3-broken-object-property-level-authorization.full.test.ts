import { describe, expect, it } from '@jest/globals'
import { codeOf, newOrder, newUser, testWall } from './test-wall.ts'

// OWASP API3:2023: what of a thing may be read, and what written.
const { callers, wall } = testWall()

describe('a caller writes', () => {
  it.each([
    ['owner', 'ben'],
    ['id', '0b5c8ab0-5a0a-4a43-8d8a-ea9a8d2b64a0'],
    ['createdAt', '2026-01-01T00:00:00Z'],
    ['created_at', '2026-01-01T00:00:00Z'],
    ['role', 'admin'],
    ['constructor', {}],
    ['toString', 1],
  ])('only what the contract names: %s is refused by its name', async (name, value) => {
    const answer = await (await callers.caller()).post('/v1/users', { ...newUser(), [name]: value })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request'])
    expect(answer.text).toContain(name)
  })

  it.each(['state', 'cents', 'owner'])('no price, state or owner of an order: %s', async (name) => {
    const answer = await (await callers.caller()).post('/v1/orders', { ...newOrder(), [name]: 0 })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request'])
  })

  it('nothing into prototypes', async () => {
    const caller = await callers.caller()
    for (const body of [
      '{"__proto__":{"scopes":["a:b"]},"email":"a@example.com","name":"A"}',
      '{"email":"a@example.com","name":{"__proto__":{}}}',
    ]) {
      const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' }
      expect((await caller.send({ method: 'POST', path: '/v1/users', headers, body })).status).toBe(400)
    }
    expect(({} as { scopes?: unknown }).scopes).toBeUndefined()
  })

  it('nothing by a query or a header that the contract does not name', async () => {
    const caller = await callers.caller()
    expect((await caller.post('/v1/users?owner=ben', newUser())).status).toBe(400)
    const { location = '' } = (await caller.post('/v1/users', newUser(), { owner: 'ben' })).headers
    const { rows } = await wall().pool.query('select owner from users where id = $1', [location.split('/').at(-1)])
    expect(rows[0]?.owner).toMatch(/^somebody-/)
  })
})

describe('a caller reads', () => {
  it('only what the contract names, whatever the handler returns', async () => {
    // The handlers of get-user and get-order return all columns of a row, the owner's among them.
    const caller = await callers.caller()
    for (const [path, body, names] of [
      ['/v1/users', newUser(), ['createdAt', 'email', 'id', 'name']],
      ['/v1/orders', newOrder(), ['cents', 'createdAt', 'email', 'id', 'quantity', 'sku', 'state']],
    ] as const) {
      const made = await caller.post(path, body)
      const read = await caller.get(made.headers.location ?? '')
      expect([Object.keys(made.json<object>()).sort(), Object.keys(read.json<object>()).sort()]).toEqual([names, names])
    }
  })
})
