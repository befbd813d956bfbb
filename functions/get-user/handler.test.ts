import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import getUser from './handler.ts'

const fn = testFunction(getUser)
const id = randomUUID()

beforeAll(async () => {
  await fn.query(`insert into users (id, owner, email, name) values ($1, 'ada', 'ada@example.com', 'Ada')`, [id])
})

describe('get-user', () => {
  it('200 for its owner, without columns that the contract does not name', async () => {
    const caller = await fn.as({ sub: 'ada' })
    const response = await caller.get(`/v1/users/${id}`).expect(200)
    expect(response.body).toEqual({ id, email: 'ada@example.com', name: 'Ada', createdAt: expect.any(String) })
  })

  it('200 for another caller with users:read', async () => {
    const caller = await fn.as({ sub: 'clerk', scopes: ['users:read'] })
    await caller.get(`/v1/users/${id}`).expect(200)
  })

  it('400 for an invalid id', async () => {
    const caller = await fn.as({ sub: 'ada' })
    const response = await caller.get('/v1/users/7').expect(400)
    expect(response.body.details).toEqual([{ path: 'params.id', message: expect.any(String) }])
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.get(`/v1/users/${id}`).expect(401)
  })

  it('403 for another caller', async () => {
    const caller = await fn.as({ sub: 'eve' })
    await caller.get(`/v1/users/${id}`).expect(403)
  })

  it('404 user_not_found', async () => {
    const caller = await fn.as({ sub: 'ada' })
    const response = await caller.get(`/v1/users/${randomUUID()}`).expect(404)
    expect(response.body.error).toBe('user_not_found')
  })
})
