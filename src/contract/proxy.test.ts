import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet, describeProxy, endpoint, functionsOf, type ProxyShape, parseProxyPath, proxy } from './index.ts'

const parts = {
  ...{ name: 'old-shop', summary: 'The old shop.', path: '/shop/*', upstream: { url: 'http://shop.internal:8080/v2' } },
  access: { scopes: ['shop:use'] },
} as const

const shop = (more: object = {}) => proxy({ ...parts, ...more } as never) as ReturnType<typeof proxy<ProxyShape>>

describe('proxy()', () => {
  it('is a route that a service answers, and no function', () => {
    const set = contractSet({ 'old-shop': shop() }, {})
    expect(functionsOf(set)).toEqual([])
    expect(set.routes).toEqual([
      {
        ...{ kind: 'proxy', name: 'old-shop', summary: 'The old shop.', method: '*', path: '/shop/*' },
        ...{ scopes: ['shop:use'], owner: false, policy: false, anonymous: false, headers: [], secrets: [], emits: [] },
        ...{ idempotent: false, async: false, readOnly: false, hasBody: true, maxBodyBytes: 1_048_576 },
        ...{ timeoutMs: 10_000, scale: { max: 1, concurrency: 200 } },
        upstream: {
          ...{ methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] },
          ...{ origin: 'http://shop.internal:8080', prefix: '/v2', stripped: '', preservesHost: false },
          ...{ forwardsCredentials: false, identity: 'signed', ownsCors: false, cached: false },
          ...{ setHeaders: {}, removeHeaders: [] },
        },
      },
    ])
  })

  it('says what it wants to be different', () => {
    const upstream = { url: 'https://[2001:db8::1]/', stripPrefix: true, host: 'preserve', credentials: 'forward' }
    const more = { identity: 'none', cors: 'upstream', setHeaders: { 'x-a': '1' }, removeHeaders: ['cookie'] }
    const given = { ...upstream, ...more }
    const access = { authorizer: 'check-partner' }
    const deployed = {
      concurrency: 5,
      timeoutMs: 60_000,
      maxBodyBytes: 0,
      cache: 'origin',
      methods: ['OPTIONS', 'POST'],
    }
    expect(describeProxy(shop({ upstream: given, access, tenancy: true, ...deployed }))).toMatchObject({
      ...{ authorizer: 'check-partner', tenancy: true, timeoutMs: 60_000, hasBody: false, scale: { concurrency: 5 } },
      upstream: {
        ...{ origin: 'https://[2001:db8::1]', prefix: '', stripped: '/shop', preservesHost: true, identity: 'none' },
        ...{ forwardsCredentials: true, ownsCors: true, cached: true, methods: ['OPTIONS', 'POST'] },
      },
    })
  })

  const upstream = (more: object) => ({ upstream: { ...parts.upstream, ...more } })
  it.each<[string, object, string]>([
    ['no address', { upstream: {} }, 'upstream.url must be an http or https address'],
    ['no upstream', { upstream: undefined }, 'say in `upstream.url`'],
    ['an address without scheme', upstream({ url: 'shop:8080' }), 'http or https'],
    ['a credential in the source', upstream({ url: 'http://a:b@shop' }), 'no credential'],
    ['a query', upstream({ url: 'http://shop?a=1' }), 'must end with its path'],
    ['a path with a star in its middle', { path: '/shop/*/x' }, 'without a trailing slash'],
    ['a path that ends with a slash', { path: '/shop/' }, 'trailing slash'],
    ["the platform's path", { path: '/docs/*' }, "platform's own"],
    ['nothing to strip', { path: '/*', ...upstream({ stripPrefix: true }) }, 'something before'],
    ['a parameter to strip', { path: '/{shop}/*', ...upstream({ stripPrefix: true }) }, 'no {parameter}'],
    ['a whole path to strip', { path: '/shop', ...upstream({ stripPrefix: true }) }, 'something before'],
    ['no methods', { methods: [] }, 'nothing gets through'],
    ['HEAD by itself', { methods: ['HEAD'] }, 'includes HEAD'],
    ['a method that no path has', { methods: ['TRACE'] }, 'must be one of'],
    ['a method twice', { methods: ['GET', 'GET'] }, 'twice'],
    ['its own CORS without OPTIONS', { methods: ['GET'], ...upstream({ cors: 'upstream' }) }, 'add OPTIONS'],
    ['a word for Host that there is not', upstream({ host: 'upstream' }), 'upstream.host must be preserve'],
    ['a header in upper case', upstream({ setHeaders: { 'X-A': '1' } }), 'lower case'],
    ['a header of the platform', upstream({ setHeaders: { 'ebb-identity': '1' } }), "platform's"],
    ['Host as a header', upstream({ setHeaders: { host: 'a' } }), "protocol's"],
    ['a line break in a header', upstream({ setHeaders: { 'x-a': 'a\r\nb: c' } }), 'visible ASCII'],
    [
      'a header that it sets and removes',
      upstream({ setHeaders: { a: '1' }, removeHeaders: ['a'] }),
      'sets and removes',
    ],
    ['an unknown part of its upstream', upstream({ retries: 3 }), 'unknown property'],
    ['no access', { access: undefined }, 'who may call'],
    ['an owner', { access: { owner: true } }, 'no handler decides'],
    ['a policy', { access: { policy: true } }, 'no handler decides'],
    ['anybody with a scope', { access: { anonymous: true, scopes: ['a:b'] } }, '`scopes` has no effect'],
    ['anybody of a tenant', { access: { anonymous: true }, tenancy: true }, '`tenancy` has no effect'],
    ['the name of nobody', { access: { anonymous: true }, ...upstream({ identity: 'plain' }) }, 'nothing to say'],
    ['half a byte', { maxBodyBytes: 0.5 }, 'maxBodyBytes'],
    ['no time', { timeoutMs: 0 }, 'timeoutMs'],
    ['its own time for a cache', { cache: { maxAgeSeconds: 5 } }, "cache must be 'origin' or 'origin-and-callers'"],
    ['a part of functions', { scale: { max: 3 } }, 'unknown property `scale`'],
  ])('refuses %s', (_what, more, sentence) => {
    expect(() => shop(more)).toThrow(sentence)
  })
})

describe('beside others', () => {
  const list = endpoint({
    ...{ name: 'list-shops', summary: 'List.', method: 'GET', path: '/shop', access: {} },
    reply: { status: 200, body: z.object({}) },
  })
  const other = (more: object) => proxy({ ...parts, name: 'other', ...more } as never)

  it.each<[string, object, string]>([
    ['what an endpoint answers', { 'list-shops': list, other: other({ path: '/shop' }) }, 'GET /shop'],
    ['what another proxy answers', { 'old-shop': shop(), other: other({}) }, 'GET /shop/*'],
  ])('refuses to answer %s', (_what, contracts, requests) => {
    expect(() => contractSet(contracts as never, {})).toThrow(`already answers ${requests}`)
  })

  it('answers what they leave', () => {
    const contracts = { 'list-shops': list, 'old-shop': shop(), other: other({ path: '/shop', methods: ['POST'] }) }
    expect(contractSet(contracts as never, {}).routes.length).toBe(3)
  })

  it('refuses an authorizer that there is not', () => {
    expect(() => contractSet({ 'old-shop': shop({ access: { authorizer: 'check-it' } }) }, {})).toThrow(
      'is no authorizer',
    )
  })
})

it.each([
  ['/shop/*', ['/shop', '/shop/', '/shop/a', '/shop/a/b/'], ['/shops', '/Shop', '/', '/sho']],
  ['/*', ['/', '/a', '/a/b'], []],
  ['/v1/{t}/f/*', ['/v1/x/f', '/v1/x/f/a'], ['/v1/f/a', '/v1//f/a', '/v1/x/g/a']],
  ['/shop', ['/shop'], ['/shop/', '/shop/a']],
])('%s stands for %j, and not for %j', (path, these, others) => {
  const { match } = parseProxyPath(path)
  expect(these.filter((one) => match(one))).toEqual(these)
  expect(others.filter((one) => match(one))).toEqual([])
})
