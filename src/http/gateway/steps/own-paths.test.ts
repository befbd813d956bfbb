import { expect, it } from '@jest/globals'
import { testGateway } from '../test-support.ts'

it('200 health, readiness and the OpenAPI document, none of them counted', async () => {
  const { url, spared } = await testGateway()
  expect((await fetch(`${url}/_/health`)).status).toBe(200)
  expect((await fetch(`${url}/_/ready`)).status).toBe(200)
  expect(await (await fetch(`${url}/openapi.json`)).json()).toEqual({ openapi: '3.1.0' })
  expect((await fetch(`${url}/openapi.json`, { method: 'HEAD' })).headers.get('content-length')).toBe('19')
  expect(spared).toEqual([])
})

it('503 not ready, but healthy', async () => {
  const { url } = await testGateway({ ports: { ready: async () => false } })
  expect((await fetch(`${url}/_/ready`)).status).toBe(503)
  expect((await fetch(`${url}/_/health`)).status).toBe(200)
})

it('405 they can only be read', async () => {
  const { url } = await testGateway()
  const answer = await fetch(`${url}/_/health`, { method: 'POST' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

it.each(['/_/', '/_/metrics', '/metrics', '/docs'])('404 %s is not public', async (path) => {
  const { url } = await testGateway()
  expect((await fetch(url + path)).status).toBe(404)
})

it('404 at the root says where the reference is', async () => {
  const { url } = await testGateway()
  const answer = await fetch(url)
  expect([answer.status, await answer.json()]).toMatchObject([404, { message: expect.stringContaining('/docs') }])
  expect(answer.headers.get('link')).toContain('</docs>; rel="service-doc"')
})
