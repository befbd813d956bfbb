import { expect, it } from '@jest/globals'
import { testGateway } from '../test-support.ts'

const create = { method: 'POST', body: '{"name":"a"}' }
const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' }

it('403 names the scope that is missing', async () => {
  const { url, woken, spared } = await testGateway()
  const answer = await fetch(`${url}/v1/things`, { ...create, headers: { ...headers, 'x-api-key': 'half' } })
  expect(answer.status).toBe(403)
  expect(await answer.json()).toMatchObject({ error: 'forbidden', message: expect.stringContaining('things:more') })
  expect([woken, spared]).toEqual([[], ['forbidden']])
})

it('200 every scope', async () => {
  const { url } = await testGateway()
  const answer = await fetch(`${url}/v1/things`, { ...create, headers: { ...headers, 'x-api-key': 'full' } })
  expect(answer.status).toBe(200)
})

it('200 where an owner may call, the function decides', async () => {
  const ports = { findKey: async () => ({ sub: 'cy', scopes: [] }) }
  const { url, woken } = await testGateway({ ports })
  const answer = await fetch(`${url}/v1/things/1`, { method: 'DELETE', headers: { 'x-api-key': 'any' } })
  expect([answer.status, woken]).toEqual([200, ['DELETE /v1/things/1']])
})
