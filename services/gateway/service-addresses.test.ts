import { expect, it } from '@jest/globals'
import { readServiceAddresses, reportUnknownServices } from './service-addresses.ts'

it('reads an address for each proxy', () => {
  const given = { shop: 'http://localhost:8081', other: 'https://[::1]:8443/v2/', plain: 'http://10.0.0.1' }
  expect(readServiceAddresses({ EBB_UPSTREAMS: given })).toEqual({
    shop: { origin: 'http://localhost:8081', prefix: '' },
    other: { origin: 'https://[::1]:8443', prefix: '/v2' },
    plain: { origin: 'http://10.0.0.1', prefix: '' },
  })
  expect(readServiceAddresses({ EBB_UPSTREAMS: undefined })).toEqual({})
})

it.each([
  [{ shop: 'localhost:8081' }, 'the address of shop must be an http or https address'],
  [{ shop: 7 }, 'must be an http or https address'],
  [{ shop: 'http://ada:secret@shop' }, 'must hold no credential'],
  [{ shop: 'http://shop/?a=1' }, 'must end with its path'],
  [{ shop: 'http://shop/a%2fb' }, 'letters, digits'],
  [['http://shop'], 'must be an object'],
])('refuses %j', (given, sentence) => {
  expect(() => readServiceAddresses({ EBB_UPSTREAMS: given as never })).toThrow(sentence)
})

it('says which names no proxy and no function has', () => {
  const said: unknown[] = []
  const log = { warn: (_fields: object, text: string) => said.push(text) } as never
  const routes = [
    { kind: 'proxy', name: 'shop', upstream: {} },
    { kind: 'endpoint', name: 'list-orders' },
  ]
  const contracts = { routes, subscriptions: [{ name: 'confirm-order' }], authorizers: [] } as never
  const address = { origin: 'http://shop', prefix: '' }
  reportUnknownServices({ shop: address, 'list-orders': address, 'confirm-order': address }, contracts, log)
  reportUnknownServices({ shpo: address, 'list-order': address }, contracts, log)
  expect(said).toEqual(['EBB_UPSTREAMS names shpo, list-order, and no proxy or function is called so'])
})
