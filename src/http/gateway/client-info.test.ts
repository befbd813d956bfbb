import { expect, it } from '@jest/globals'
import { clientNetwork, getClientInfo } from './client-info.ts'

it.each<[hops: number, forwarded: string[], address: string]>([
  [0, ['192.0.2.1'], 'peer'],
  [1, ['192.0.2.1'], '192.0.2.1'],
  // What stands first was written by the client itself.
  [1, ['6.6.6.6, 192.0.2.1'], '192.0.2.1'],
  [1, ['6.6.6.6', '192.0.2.1'], '192.0.2.1'],
  [2, ['6.6.6.6, 192.0.2.1, 10.0.0.1'], '192.0.2.1'],
  [2, ['192.0.2.1'], '192.0.2.1'],
  [1, ['192.0.2.1:4711'], '192.0.2.1'],
  [1, ['[2001:db8::1]:4711'], '2001:db8::1'],
  [1, ['[2001:db8::1]'], '2001:db8::1'],
  [1, ['2001:db8::1'], '2001:db8::1'],
  [1, ['unknown'], 'peer'],
  [1, [''], 'peer'],
  [1, ['192.0.2.1, '], 'peer'],
])('with %i trusted proxies and X-Forwarded-For %j it is %s', (hops, forwarded, address) => {
  expect(getClientInfo('peer', { 'x-forwarded-for': forwarded }, { hops }).address).toBe(address)
})

it.each<[hops: number, headers: Record<string, string[]>, proto: string, host: string | undefined]>([
  [0, { 'x-forwarded-proto': ['https'], 'x-forwarded-host': ['api.example'] }, 'http', undefined],
  [1, { 'x-forwarded-proto': ['https'], 'x-forwarded-host': ['api.example:8443'] }, 'https', 'api.example:8443'],
  [
    1,
    { 'x-forwarded-proto': ['https, http'], 'x-forwarded-host': ['evil.example, api.example'] },
    'http',
    'api.example',
  ],
  [2, { 'x-forwarded-proto': ['HTTPS'] }, 'https', undefined],
  [1, { 'x-forwarded-proto': ['gopher'], 'x-forwarded-host': ['a b'] }, 'http', undefined],
  [1, {}, 'http', undefined],
])('with %i trusted proxies, %j', (hops, headers, proto, host) => {
  expect(getClientInfo('peer', headers, { hops })).toEqual({ address: 'peer', proto, host })
})

const TWO = 'for=192.0.2.1;proto=https;host=api.example, for=10.0.0.1;proto=http'

it.each<[hops: number, headers: Record<string, string[]>, client: object]>([
  [0, { forwarded: [TWO] }, { address: 'peer', proto: 'http' }],
  [1, { forwarded: [TWO] }, { address: '10.0.0.1', proto: 'http', host: undefined }],
  [2, { forwarded: [TWO] }, { address: '192.0.2.1', proto: 'https', host: 'api.example' }],
  [2, { forwarded: TWO.split(', ') }, { address: '192.0.2.1', proto: 'https' }],
  // What stands first was written by the client itself.
  [
    1,
    { forwarded: ['for=6.6.6.6;proto=https;host=evil.example, for=192.0.2.1'] },
    { address: '192.0.2.1', proto: 'http' },
  ],
  [1, { forwarded: ['for="[2001:db8::1]:4711"'] }, { address: '2001:db8::1' }],
  [1, { forwarded: ['for=_hidden;proto=https'] }, { address: 'peer', proto: 'https' }],
  [1, { forwarded: ['for="open, for=192.0.2.1'] }, { address: 'peer', proto: 'http' }],
  // A proxy that writes the one passes the other on as the client has sent it.
  [
    1,
    { forwarded: ['for=6.6.6.6;proto=https'], 'x-forwarded-for': ['192.0.2.1'] },
    { address: '192.0.2.1', proto: 'http' },
  ],
  [1, { forwarded: ['for=6.6.6.6'], 'x-forwarded-proto': ['https'] }, { address: 'peer', proto: 'https' }],
])('with %i trusted proxies, %j', (hops, headers, client) => {
  expect(getClientInfo('peer', headers, { hops })).toMatchObject(client)
})

it.each([
  [0, {}, 'https'],
  [1, {}, 'https'],
  [1, { 'x-forwarded-proto': ['http'] }, 'http'],
  [1, { 'x-forwarded-proto': ['gopher'] }, 'http'],
])('on an encrypted connection with %i trusted proxies and %j it is %s', (hops, headers, proto) => {
  expect(getClientInfo('peer', headers, { hops, encrypted: true }).proto).toBe(proto)
})

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2:ffff::1', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8:1::', '2001:db8:1:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  ['64:ff9b::192.0.2.7', '64:ff9b:0:0'],
])('%s is %s', (address, network) => expect(clientNetwork(address)).toBe(network))
