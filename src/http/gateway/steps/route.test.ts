import { expect, it } from '@jest/globals'
import { testGateway } from '../test-support.ts'

it('404 an unknown path wakes nothing', async () => {
  const { url, woken, spared } = await testGateway()
  const answer = await fetch(`${url}/v1/nothing`)
  expect(answer.status).toBe(404)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(await answer.json()).toMatchObject({
    error: 'not_found',
    correlationId: answer.headers.get('x-correlation-id'),
  })
  expect([woken, spared]).toEqual([[], ['not_found']])
})

it('405 another method names those that are allowed', async () => {
  const { url, spared } = await testGateway()
  const answer = await fetch(`${url}/v1/things/1`, { method: 'PATCH' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD'])
  expect(await answer.json()).toMatchObject({ error: 'method_not_allowed' })
  expect(spared).toEqual(['method_not_allowed'])
})

it('200 HEAD is served by the GET', async () => {
  const { url, woken } = await testGateway()
  const answer = await fetch(`${url}/v1/things/1`, { method: 'HEAD' })
  expect([answer.status, await answer.text()]).toEqual([200, ''])
  expect(woken).toEqual(['HEAD /v1/things/1'])
})

it('401 a literal path wins over a parameter', async () => {
  const { url } = await testGateway()
  expect((await fetch(`${url}/v1/things/mine`)).status).toBe(401)
})
