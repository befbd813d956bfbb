import { describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import * as z from 'zod'
import { openTokens } from '../../../services/gateway/tokens/open-tokens.ts'
import { startTestIssuer, type TokenOptions } from '../../../test/support/test-issuer.ts'
import { endpoint } from '../../contract/index.ts'
import { createLog, parseConfig } from '../../kernel/index.ts'
import { createApp } from '../app.ts'
import { type Implementation, implement } from '../implement.ts'
import { openIssuers } from './index.ts'

const log = createLog({ level: 'silent' })
const common = {
  summary: 'Says who calls.',
  method: 'GET',
  reply: { status: 200, body: z.object({ sub: z.string() }) },
} as const
const whoami = endpoint({ ...common, name: 'whoami', path: '/v1/me', access: { scopes: ['things:write'] } })
const greet = endpoint({ ...common, name: 'greet', path: '/v1/greeting', access: { anonymous: true } })

/** An endpoint without a gateway in front of it. */
function standAlone(contract: typeof whoami | typeof greet, issuers: readonly object[]) {
  const fn = implement(contract, {}, async (_, { caller }) => ({ sub: caller.sub }))
  const app = createApp(fn as unknown as Implementation, {
    ...{ resources: { bind: () => ({}), runEffects: async () => {} } as never, log },
    verify: () => Promise.reject(new Error('nobody vouches')),
    identify: openIssuers(contract, issuers, log),
  })
  return supertest(app)
}

it('says who calls by a token, and keeps the reply from shared caches', async () => {
  const issuer = await startTestIssuer()
  const { status, body, headers } = await standAlone(whoami, [issuer.settings()])
    .get('/v1/me')
    .set('authorization', `Bearer ${issuer.token()}`)
  expect([status, body, headers['cache-control']]).toEqual([200, { sub: 'ada' }, 'private, no-store'])
})

it('401 with the challenge without a token, and with what is none; 403 without the scope', async () => {
  const issuer = await startTestIssuer()
  const agent = standAlone(whoami, [issuer.settings()])
  const none = await agent.get('/v1/me').set('x-api-key', 'ebb_live_1').set('ebb-identity', 'x.y.z')
  expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer'])
  const opaque = await agent.get('/v1/me').set('authorization', 'Bearer opaque')
  expect(opaque.headers['www-authenticate']).toMatch(
    /^Bearer error="invalid_token", error_description="This is no token/,
  )
  const poor = issuer.token({ claims: { scope: 'things:read' } })
  expect((await agent.get('/v1/me').set('authorization', `Bearer ${poor}`)).status).toBe(403)
})

it('takes callers without a token where the contract does, and no bad token there either', async () => {
  const issuer = await startTestIssuer()
  const agent = standAlone(greet, [issuer.settings()])
  expect((await agent.get('/v1/greeting')).body).toEqual({ sub: 'anonymous' })
  expect((await agent.get('/v1/greeting').set('authorization', 'Bearer x')).status).toBe(401)
})

it('503 while the keys of an issuer cannot be fetched', async () => {
  const issuer = await startTestIssuer()
  const token = issuer.token()
  await issuer.stop()
  const { status, body } = await standAlone(whoami, [issuer.settings()])
    .get('/v1/me')
    .set('authorization', `Bearer ${token}`)
  expect([status, body.error]).toEqual([503, 'unavailable'])
  await issuer.start()
})

describe('judges a token as the gateway does', () => {
  const long = 'x'.repeat(300)
  it.each<[string, TokenOptions]>([
    ['a good one', {}],
    ['one that has expired', { claims: { exp: 1 } }],
    ['one of tomorrow', { claims: { nbf: 4_000_000_000 } }],
    ['one for others', { claims: { aud: 'https://other.example' } }],
    ['an ID token', { header: { typ: 'JWT' } }],
    ['one that says none', { header: { alg: 'none' } }],
    ['one of a key that is not published', { header: { kid: 'other' } }],
    ['one of another issuer', { claims: { iss: 'https://other.example' } }],
    ['one without a subject', { claims: { sub: undefined } }],
    ['one whose subject is too long', { claims: { sub: long } }],
    ['a logout token', { claims: { events: {} } }],
    ['one that is bound to a certificate', { claims: { cnf: { 'x5t#S256': 'a' } } }],
  ])('%s', async (_, options) => {
    const issuer = await startTestIssuer()
    const settings = [issuer.settings()]
    const token = issuer.token(options)
    const tokens = openTokens(parseConfig({ EBB_ISSUERS: JSON.stringify(settings) }), { log, shed: () => {} })
    const presented = { token, scheme: 'bearer', proofs: [], method: 'GET', path: '/', url: '', client: {} } as const
    const atGateway = await (async () => tokens.authenticate?.(presented as never))().then(
      (authenticated) => authenticated?.caller.sub,
      (error: Error) => error.message,
    )
    tokens.close()
    const { body } = await standAlone(whoami, settings).get('/v1/me').set('authorization', `Bearer ${token}`)
    expect(body.sub ?? body.message).toBe(atGateway)
  })
})

it.each([
  [{ authorizer: 'ask' }, 'authorizer'],
  [{ scopes: ['things:write'], dpop: true }, 'dpop'],
] as const)('refuses to start where the contract says %j', (access, part) => {
  const contract = { ...whoami, access } as unknown as typeof whoami
  expect(() => openIssuers(contract, [], log)).toThrow(`EBB_ISSUERS: whoami says \`${part}\`, which needs the gateway`)
})

it('refuses introspection, which only the gateway does', () => {
  const settings = [
    { issuer: 'https://a.example', audience: 'a', algorithms: ['ES256'], introspection: { clientId: 'c' } },
  ]
  expect(() => openIssuers(whoami, settings, log)).toThrow('only the gateway asks an issuer about opaque tokens')
})
