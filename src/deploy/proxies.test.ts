import { expect, it } from '@jest/globals'
import { endpoint, proxy } from 'ebb/contract'
import * as z from 'zod'
import { contractsData } from './contracts-data.ts'
import { diffContracts } from './contracts-diff/index.ts'
import { openapi } from './openapi.ts'

const shop = (more: object = {}) =>
  proxy({
    ...{ name: 'old-shop', summary: 'The old shop.', path: '/shop/*', access: { scopes: ['shop:use'] } },
    ...{ upstream: { url: 'http://shop' }, ...more },
  } as never)
const list = endpoint({
  ...{ name: 'list-shops', summary: 'List.', method: 'GET', path: '/shop', access: {} },
  reply: { status: 200, body: z.object({}) },
})

it('the document says of a proxy that it is there, and no operation is made of it', () => {
  const { paths, 'x-proxies': proxies } = openapi([shop(), list], { version: '1' })
  expect(Object.keys(paths as object)).toEqual(['/shop'])
  expect(proxies).toEqual([
    {
      ...{ name: 'old-shop', summary: 'The old shop.', path: '/shop/*', 'x-scopes': ['shop:use'] },
      description: 'Any caller with `shop:use` may call this.',
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    },
  ])
  const anyone = shop({ access: { anonymous: true } })
  expect(openapi([anyone], { version: '1' })['x-proxies']).toMatchObject([{ security: [] }])
  expect(openapi([list], { version: '1' })).not.toHaveProperty('x-proxies')
  expect(contractsData({ 'old-shop': shop(), 'list-shops': list }).endpoints.map(({ route }) => route.name)).toEqual([
    'list-shops',
  ])
})

it.each<[string, object | undefined, readonly string[]]>([
  ['nothing', {}, []],
  ['an address', { upstream: { url: 'https://elsewhere', stripPrefix: true } }, []],
  ['more methods', { methods: undefined }, []],
  ['its end', undefined, ['/shop/* is passed on no more']],
  ['another path', { path: '/old/*' }, ['the path is /old/* now, and was /shop/*']],
  ['fewer methods', { methods: ['GET'] }, ['POST, PUT, PATCH, DELETE, OPTIONS is passed on no more']],
  ['another scope', { access: { scopes: ['a:b'] } }, ['the scope a:b is required now']],
  ['a smaller body', { maxBodyBytes: 5 }, ['a body has at most 5 bytes now, and had 1048576']],
  ['a tenant', { tenancy: true }, ['callers without a tenant are refused now']],
])('callers are told of %s', (_what, more, says) => {
  const after = more ? { 'old-shop': shop(more) } : {}
  const found = diffContracts(contractsData({ 'old-shop': shop() }), contractsData(after))
  expect(found.map((one) => one.says)).toEqual(says)
})
