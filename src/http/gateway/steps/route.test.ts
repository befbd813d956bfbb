import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet, endpoint, type Route } from '../../../contract/index.ts'
import { testGateway } from '../test-support.ts'
import { createRouter } from './route.ts'

it('404 an unknown path invokes no function', async () => {
  const { url, invoked, shortCircuits } = await testGateway()
  const answer = await fetch(`${url}/v1/nothing`)
  expect(answer.status).toBe(404)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(await answer.json()).toMatchObject({
    error: 'not_found',
    correlationId: answer.headers.get('x-correlation-id'),
  })
  expect([invoked, shortCircuits]).toEqual([[], ['not_found']])
})

it('405 another method lists the allowed ones', async () => {
  const { url, shortCircuits } = await testGateway()
  const answer = await fetch(`${url}/v1/things/1`, { method: 'PATCH' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD'])
  expect(await answer.json()).toMatchObject({ error: 'method_not_allowed' })
  expect(shortCircuits).toEqual(['method_not_allowed'])
})

it('200 HEAD is served by the GET', async () => {
  const { url, invoked } = await testGateway()
  const answer = await fetch(`${url}/v1/things/1`, { method: 'HEAD' })
  expect([answer.status, await answer.text()]).toEqual([200, ''])
  expect(invoked).toEqual(['HEAD /v1/things/1'])
})

it('401 a literal path wins over a parameter', async () => {
  const { url } = await testGateway()
  expect((await fetch(`${url}/v1/things/mine`)).status).toBe(401)
})

it.each(['/metrics', '/_/metrics', '/_/health/x', '/docs/x', '/v1/invocations/x/y'])(
  "404 no parameter stands for %s, which is the platform's own",
  async (path) => {
    const anyPath = (segments: number) => {
      const names = ['a', 'b', 'c', 'd', 'e'].slice(0, segments)
      return endpoint({
        ...{ name: `get-any${segments}`, summary: 'Shows any.', method: 'GET', access: { anonymous: true } },
        path: `/${names.map((name) => `{${name}}`).join('/')}`,
        params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))),
        reply: { status: 200, body: z.object({}) },
      })
    }
    const set = contractSet(Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`get-any${n}`, anyPath(n)])), {})
    const { url, invoked } = await testGateway({ dependencies: { contracts: () => set } })
    expect((await fetch(url + path)).status).toBe(404)
    expect(invoked).toEqual([])
    expect((await fetch(`${url}/v1${path}`)).status).toBe(200)
  },
)

// The router reads no more of a route than this.
const route = (text: string) =>
  ({ method: text.split(' ')[0], path: text.split(' ')[1], name: text }) as unknown as Route
const find = createRouter(
  ['GET /a/{x}/c', 'GET /a/b/{y}', 'DELETE /a/{x}/{y}', 'GET /a/{x}', 'GET /a/me', 'POST /a/me', 'PUT /a/{x}'].map(
    route,
  ),
)

it.each([
  ['GET', '/a/me', 'GET /a/me', {}],
  ['GET', '/a/you', 'GET /a/{x}', { x: 'you' }],
  ['HEAD', '/a/you', 'GET /a/{x}', { x: 'you' }],
  ['GET', '/a/b/c', 'GET /a/b/{y}', { y: 'c' }],
  ['GET', '/a/z/c', 'GET /a/{x}/c', { x: 'z' }],
  ['DELETE', '/a/b/c', 'DELETE /a/{x}/{y}', { x: 'b', y: 'c' }],
  ['PUT', '/a/me', 'PUT /a/{x}', { x: 'me' }],
])('%s %s is %s', (method, path, name, params) => {
  expect(find(method, path)).toEqual({ route: expect.objectContaining({ name }), params })
})

it.each([
  ['PATCH', '/a/me', ['GET', 'HEAD', 'POST', 'PUT']],
  ['POST', '/a/b/c', ['DELETE', 'GET', 'HEAD']],
  ['GET', '/a', []],
  ['GET', '/a/', []],
  ['GET', '/A/me', []],
  ['GET', '/a/me/', []],
])('%s %s is refused, allowing %j', (method, path, allow) => {
  expect(find(method, path)).toMatchObject({ allow })
})
