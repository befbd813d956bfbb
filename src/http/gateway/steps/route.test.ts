import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet, endpoint, proxy } from '../../../contract/index.ts'
import { sendRaw, testGateway } from '../test-support.ts'
import { rawResponse, startOrigin } from '../upstream/test-support-origin.ts'

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

describe('beside proxies', () => {
  const answered = async (access: object, path: string) => {
    const origin = await startOrigin(() => rawResponse('200 OK'))
    const shared = { summary: 'Old.', upstream: { url: origin.url } }
    const set = contractSet(
      {
        all: proxy({ ...shared, name: 'all', path: '/*', access: { anonymous: true } }),
        admin: proxy({ ...shared, name: 'admin', path: '/admin/*', access } as never),
      },
      {},
    )
    const { port } = await testGateway({ dependencies: { contracts: () => set } })
    const { status } = await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    return [status, origin.requests.length]
  }

  it.each(['/admin', '/admin/x', '/%61dmin/x', '/ad%6Din', '/%61%64%6d%69%6E/'])(
    '401 %s is not reached past the proxy that protects it',
    async (path) => {
      expect(await answered({}, path)).toEqual([401, 0])
    },
  )

  it.each([
    '/_/nothing',
    '/%5f/health',
    '/metrics',
    '/m%65trics',
    '/openapi.json/x',
    '/v1/keys',
    '/v1/invocations/1/2',
  ])("404 %s stays the platform's", async (path) => {
    expect(await answered({}, path)).toEqual([404, 0])
  })

  it('200 everything else is the service’s, the root too', async () => {
    for (const path of ['/', '/a%20b', '/v1/things']) expect(await answered({}, path)).toEqual([200, 1])
  })
})
