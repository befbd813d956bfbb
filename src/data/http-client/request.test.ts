import { expect, it } from '@jest/globals'
import { Secret } from '../../kernel/index.ts'
import { toHttpRequest } from './request.ts'

const secret = new Secret('sk_live_0123456789')
const correlation = { correlationId: 'an-id-of-a-test', traceparent: '' }
const toRequest = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  toHttpRequest('GET', url, { headers, correlation, json: undefined, body: undefined })

it.each([
  ['a header', () => toRequest('https://api.example/', { authorization: `Bearer ${secret}` })],
  ['the URL', () => toRequest(`https://api.example/?key=${secret}`)],
])('a secret that was not revealed is refused in %s', (_where, make) => {
  expect(make).toThrow('write `secrets.NAME.reveal()`')
})

it('one that was is sent', () => {
  const { headers } = toRequest('https://api.example/', { Authorization: `Bearer ${secret.reveal()}` })
  expect(headers.authorization).toBe('Bearer sk_live_0123456789')
})
