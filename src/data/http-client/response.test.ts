import { describe, expect, it } from '@jest/globals'
import type { HttpRequest } from './request.ts'
import { toRedirectedRequest } from './response.ts'
import { serve, setUpHttp } from './test-support.ts'

const to = (location: string, status = 302) => ({ status, headers: { location }, bytes: new Uint8Array() })

it('a redirect is a response, and is followed only with `redirects`', async () => {
  const origin = await serve(({ url }, response) => {
    const n = Number(url?.slice(1))
    if (n === 0) response.end('there')
    else response.writeHead(302, { location: `/${n - 1}` }).end()
  })
  const { http } = setUpHttp()
  const first = await http.get(`${origin}/3`)
  expect([first.status, first.headers.location]).toEqual([302, '/2'])
  expect((await http.get(`${origin}/3`, { redirects: 3 })).text()).toBe('there')
  expect((await http.get(`${origin}/3`, { redirects: 2 })).headers.location).toBe('/0')
})

it("another origin gets none of the handler's headers", async () => {
  const there = await serve(({ headers }, response) => void response.end(JSON.stringify(headers)))
  const here = await serve((_request, response) => void response.writeHead(307, { location: there }).end())
  const response = await setUpHttp().http.put(here, {
    headers: { 'X-Api-Key': 'k', Authorization: 'k' },
    json: 1,
    redirects: 1,
  })
  const names = ['accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'traceparent']
  expect(Object.keys(JSON.parse(response.text())).sort()).toEqual([...names, 'x-correlation-id'])
})

describe('a redirect of a POST', () => {
  const request: HttpRequest = {
    ...{ method: 'POST', url: new URL('https://a.example/x'), body: '{}' },
    headers: { 'content-type': 'application/json', 'x-api-key': 'k' },
  }

  it.each([301, 302, 303])('with %i becomes a GET', (status) => {
    const expected = { method: 'GET', url: new URL('https://a.example/y'), headers: { 'x-api-key': 'k' }, body: null }
    expect(toRedirectedRequest(request, to('/y', status))).toEqual(expected)
  })

  it.each([307, 308])('with %i stays a POST', (status) => {
    expect(toRedirectedRequest(request, to('/y', status))).toEqual({ ...request, url: new URL('https://a.example/y') })
  })

  it.each(['http://a.example/y', 'https://u:p@a.example', 'file:///etc/passwd', 'https://'])(
    'is not followed to %s',
    (location) => expect(toRedirectedRequest(request, to(location, 307))).toBeUndefined(),
  )
})
