import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

const OneTimeKey = z.object({ key: z.string(), expiresAt: Time })

export const createSessionKey = adminEndpoint({
  ...{ name: 'session.key', method: 'POST', path: '/v1/session/keys' },
  summary: 'Make a key that is good for one login of a browser, at this gateway.',
  description: 'A page gets it behind the # of its address, which no server and no log sees.',
  reply: { status: 201, body: OneTimeKey },
})

const Session = z.object({
  actor: z.string().nullable().describe('Who asks, as the audit names them; null for nobody.'),
  expiresAt: Time.nullable().describe('When the session ends; null where there is none, as with a key.'),
  login: z.string().nullable().describe('Where a browser logs in; null where it needs a new one-time key.'),
})

export const beginSession = adminEndpoint({
  ...{ name: 'session.begin', method: 'POST', path: '/v1/session' },
  summary: 'Log a browser in with a one-time key: from then on its cookie is as good as the admin key, for 12 hours.',
  body: z.strictObject({ key: z.string().max(200) }),
  reply: { status: 200, body: Session },
  failures: { unauthenticated: 401 },
  open: true,
})

export const showSession = adminEndpoint({
  ...{ name: 'session.show', method: 'GET', path: '/v1/session' },
  summary: 'Say who asks, and where to log in.',
  reply: { status: 200, body: Session },
  open: true,
})

export const endSession = adminEndpoint({
  ...{ name: 'session.end', method: 'DELETE', path: '/v1/session' },
  summary: 'Log a browser out.',
  reply: { status: 204 },
})
