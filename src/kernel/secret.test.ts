import { inspect } from 'node:util'
import { expect, it } from '@jest/globals'
import { loggable } from './redact.ts'
import { Secret } from './secret.ts'

const VALUE = 'sk_live_0123456789'
const secret = new Secret(VALUE)

it.each<[string, (secret: Secret) => unknown]>([
  ['String()', String],
  ['a template', (one) => `${one}`],
  ['concatenation', (one) => `x${one as unknown as string}`],
  ['JSON', (one) => JSON.stringify({ one, list: [one] })],
  ['inspection', (one) => inspect(one, { showHidden: true, depth: null, customInspect: false })],
  ['a console', (one) => inspect({ one })],
  ['an Error', (one) => inspect(new Error(`no ${one}`, { cause: one }))],
  ['a copy', (one) => inspect(structuredClone(one))],
  [
    'its properties',
    (one) => inspect({ ...one, ...Object.getOwnPropertyDescriptors(one), keys: Reflect.ownKeys(one) }),
  ],
  ['a log line', (one) => JSON.stringify(loggable({ one, key: [one], err: one }))],
  ['an encoded URL', (one) => new URLSearchParams({ one: one as unknown as string }).toString()],
])('%s shows nothing of it', (_what, show) => {
  expect(String(show(secret))).not.toContain('sk_live')
})

it('is its value when it is revealed, and `[redacted]` otherwise', () => {
  expect([secret.reveal(), String(secret), JSON.stringify(secret), inspect(secret)]).toEqual([
    ...[VALUE, '[redacted]', '"[redacted]"', '[redacted]'],
  ])
})
