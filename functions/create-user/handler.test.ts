import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import createUser from './handler.ts'

const fn = testFunction(createUser)
const customer = { sub: 'customer', scopes: ['users:write'] }
const ada = { email: 'ada@example.com', name: 'Ada Lovelace' }

describe('create-user', () => {
  it('201 opens an account, with its Location', async () => {
    const caller = await fn.as(customer)
    const response = await caller.post('/v1/users').set('Idempotency-Key', 'one').send(ada).expect(201)
    expect(response.body).toEqual({ ...ada, id: expect.any(String), createdAt: expect.any(String) })
    expect(response.headers.location).toBe(`/v1/users/${response.body.id}`)
  })

  it('201 again, byte for byte, for the same key and request', async () => {
    const caller = await fn.as(customer)
    const grace = { email: 'grace@example.com', name: 'Grace Hopper' }
    const first = await caller.post('/v1/users').set('Idempotency-Key', 'two').send(grace).expect(201)
    const second = await caller.post('/v1/users').set('Idempotency-Key', 'two').send(grace).expect(201)
    expect(second.text).toBe(first.text)
    expect(second.headers['idempotency-replayed']).toBe('true')
  })

  it('400 names every issue', async () => {
    const caller = await fn.as(customer)
    const request = caller.post('/v1/users').set('Idempotency-Key', 'three')
    const response = await request.send({ email: 'no-address', role: 'admin' }).expect(400)
    const paths = response.body.details.map(({ path }: { path: string }) => path)
    expect(paths).toEqual(expect.arrayContaining(['body.email', 'body.name', 'body.role']))
  })

  it('400 without an Idempotency-Key', async () => {
    const caller = await fn.as(customer)
    await caller.post('/v1/users').send(ada).expect(400)
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.post('/v1/users').set('Idempotency-Key', 'four').send(ada).expect(401)
  })

  it('403 without users:write', async () => {
    const caller = await fn.as({ sub: 'guest' })
    await caller.post('/v1/users').set('Idempotency-Key', 'five').send(ada).expect(403)
  })

  it('409 email_taken, whatever its case, and the same response for the same key', async () => {
    const caller = await fn.as(customer)
    const taken = { ...ada, email: 'ADA@example.com' }
    const first = await caller.post('/v1/users').set('Idempotency-Key', 'six').send(taken).expect(409)
    const second = await caller.post('/v1/users').set('Idempotency-Key', 'six').send(taken).expect(409)
    expect(first.body.error).toBe('email_taken')
    expect(second.text).toBe(first.text)
  })
})
