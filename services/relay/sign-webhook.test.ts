import { expect, it } from '@jest/globals'
import { signWebhook } from './sign-webhook.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

it('signs as the example of Standard Webhooks does, once by each secret', () => {
  const options = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', atSeconds: 1_614_265_330 }
  const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
  const body = '{"test": 2432232314}'
  expect(signWebhook(body, { ...options, secrets: [SECRET] })).toEqual({
    ...{ 'webhook-id': options.id, 'webhook-timestamp': '1614265330', 'webhook-signature': signature },
  })
  const other = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  const [first, second] =
    signWebhook(body, { ...options, secrets: [SECRET, other] })['webhook-signature']?.split(' ') ?? []
  expect([first, second?.startsWith('v1,'), second === first]).toEqual([signature, true, false])
})
