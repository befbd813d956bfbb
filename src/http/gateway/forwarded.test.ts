import { expect, it } from '@jest/globals'
import { formatForwarded, parseForwarded } from './forwarded.ts'

it.each<[values: string[], elements: unknown]>([
  [['for=192.0.2.60;proto=http;by=203.0.113.43'], [{ for: '192.0.2.60', proto: 'http', by: '203.0.113.43' }]],
  [['for=192.0.2.43, for=198.51.100.17'], [{ for: '192.0.2.43' }, { for: '198.51.100.17' }]],
  [
    ['for=192.0.2.43', 'For="[2001:db8:cafe::17]:4711"'],
    [{ for: '192.0.2.43' }, { for: '[2001:db8:cafe::17]:4711' }],
  ],
  [['for="_gazonk"'], [{ for: '_gazonk' }]],
  [['for=unknown; proto = https'], undefined],
  [['for=1.2.3.4 ; proto=https , for=5.6.7.8'], [{ for: '1.2.3.4', proto: 'https' }, { for: '5.6.7.8' }]],
  // A comma or a semicolon within quotes separates nothing.
  [['for="a,b;c=\\"d\\"";host="x"'], [{ for: 'a,b;c="d"', host: 'x' }]],
  // A client that leaves its quotes open hides nothing of what comes after it.
  [['for="open', 'for=192.0.2.1'], undefined],
  [['for=1.2.3.4;for=5.6.7.8'], undefined],
  [['for=1.2.3.4,'], undefined],
  [['for'], undefined],
  [['for=[2001:db8::1]'], undefined],
  [[''], undefined],
])('%j', (values, elements) => expect(parseForwarded(values)).toEqual(elements))

it.each([
  [
    { address: '192.0.2.1', proto: 'https', host: 'api.example:8443' },
    'for=192.0.2.1;proto=https;host="api.example:8443"',
  ],
  [{ address: '2001:db8::1', proto: 'http', host: undefined }, 'for="[2001:db8::1]";proto=http'],
  [{ address: '', proto: 'http', host: undefined }, 'for=unknown;proto=http'],
])('%j is written as %s', (client, text) => {
  expect(formatForwarded(client)).toBe(text)
  expect(parseForwarded([text])).toHaveLength(1)
})
