import { assertProblem } from '../assertions.ts'
import type { ConformanceRequest } from '../client.ts'
import type { Case } from '../session.ts'

/** What a proxy and an application have been known to read in two ways, at a path that is there or at one that is not. */
const REQUESTS: Readonly<Record<string, (path: string) => readonly ConformanceRequest[]>> = {
  'a path with empty or dot segments, or with a slash in disguise': (path) => [
    { path: path.replace(/\/(?=[^/]*$)/, '//') },
    { path: `/nothing/..${path}` },
    { path: `/.${path}` },
    { path: `${path}/%2e%2e` },
    { path: `${path}/A%2FB` },
    { path: `${path}/A%5cB` },
    { path: `${path}/A%00` },
  ],
  'a target whose percent escapes are malformed': (path) => [{ path: `${path}/%zz` }, { path: `${path}?q=%e9` }],
  'a header that must not be there twice': (path) => [
    { path, headers: { 'x-api-key': ['one', 'two'] } },
    { path, headers: { 'idempotency-key': ['one', 'two'] } },
    { path, headers: { 'x-correlation-id': ['conformance-1', 'conformance-2'] } },
  ],
  'a header with an underscore': (path) => [{ path, headers: { x_api_key: 'one' } }],
  'a GET with a body': (path) => [{ path, json: {} }],
  'an absolute target without a host, or with a password': (path) => [
    { path: `http://${path}` },
    { path: `http://a:b@conformance.invalid${path}` },
  ],
}

export const ambiguous: readonly Case[] = Object.entries(REQUESTS).map(([what, requestsOn]) => ({
  name: `errors: 400 for ${what}`,
  run: async ({ send, endpoints }) => {
    // The gateway has to refuse it before it looks for an endpoint.
    const { path } = endpoints[0]?.request ?? { path: '/v1/conformance' }
    for (const request of requestsOn(path.split('?')[0] ?? path)) {
      assertProblem(await send(request), 400, 'bad_request')
    }
  },
}))
