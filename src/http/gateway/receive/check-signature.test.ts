import { expect, it } from '@jest/globals'
import { Stripe } from 'stripe'
import { resolveProvider } from '../../../contract/webhook-providers.ts'
import { checkSignature } from './check-signature.ts'

const SECRET = 'whsec_of_stripe'
const AT = 1_764_500_000
const body = Buffer.from('{"id":"evt_1"}')
const signature = Stripe.webhooks.generateTestHeaderString({ payload: String(body), secret: SECRET, timestamp: AT })

const check = (nowMs: number, secrets = [SECRET]) =>
  checkSignature(resolveProvider('stripe'), { headers: { 'stripe-signature': [signature] }, body, secrets, nowMs })
    ?.code

it.each([
  [-300, undefined],
  [300, undefined],
  [-301, 'signature_expired'],
  [301, 'signature_expired'],
])('the tolerance is 300 s both ways: %i s after it was signed', (seconds, code) => {
  expect(check((AT + seconds) * 1_000)).toBe(code)
})

it('says that it is forged before it says that it is old', () => {
  expect(check((AT + 301) * 1_000, ['another'])).toBe('invalid_signature')
  expect(check(AT * 1_000, [])).toBe('invalid_signature')
  expect(check(AT * 1_000, ['another', SECRET, 'third'])).toBeUndefined()
})
