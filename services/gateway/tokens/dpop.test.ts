import { createHash } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { calculateJwkThumbprint } from 'jose'
import { createKey } from '../../../src/data/keys/api-keys.ts'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { itWithRedis, testRedis } from '../../../test/support/redis.ts'
import { createTestKey, signToken, startTestIssuer, type TestKey } from '../../../test/support/test-issuer.ts'
import { gatewaySettings, PEPPER, startTestGateway } from '../test-support.ts'

const database = testDatabase()

/** A gateway, a token that is bound to a key, and what makes proofs of it. */
async function setUp(env: Readonly<Record<string, string>> = {}, gateways = 1) {
  const { env: settings } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const issuer = await startTestIssuer()
  const all = { ...settings, EBB_ISSUERS: JSON.stringify([issuer.settings()]), ...env }
  const urls: string[] = []
  for (let i = 0; i < gateways; i++) urls.push((await startTestGateway(all)).url)
  const key = await createTestKey()
  const token = issuer.token({ claims: { cnf: { jkt: await calculateJwkThumbprint(key.jwk) } } })
  const [url = ''] = urls
  let n = 0
  const proof = ({ claims = {}, header = {}, by = key, of = token }: ProofOptions = {}) =>
    signToken(
      { typ: 'dpop+jwt', alg: by.alg, jwk: publicPart(by), ...header },
      {
        ...{ jti: `proof-${++n}`, htm: 'GET', htu: `${url}/v1/bound`, iat: Math.floor(Date.now() / 1_000) },
        ...{ ath: createHash('sha256').update(of).digest('base64url'), ...claims },
      },
      by,
    )
  const ask = async (headers: Readonly<Record<string, string>>, path = '/v1/bound', at = url) => {
    const response = await fetch(at + path, { headers })
    const { message } = (await response.json()) as { message?: string }
    return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '', message }
  }
  const send = (dpop: string, path?: string, at?: string) => ask({ authorization: `DPoP ${token}`, dpop }, path, at)
  return { issuer, url, urls, key, token, proof, ask, send }
}

interface ProofOptions {
  readonly claims?: object
  readonly header?: object
  readonly by?: TestKey
  readonly of?: string
}

const publicPart = ({ jwk: { kty, crv, x, y } }: TestKey) => ({ kty, crv, x, ...(y ? { y } : {}) })

it('200 with a proof, at an endpoint that asks for one and at any other', async () => {
  const { send, proof, url } = await setUp()
  expect((await send(proof())).status).toBe(200)
  expect(
    (await send(proof({ claims: { htu: `${url.replace('http', 'HTTP')}/v1/things?x=1#y` } }), '/v1/things?limit=1'))
      .status,
  ).toBe(200)
})

it('401 without what the endpoint asks for: no credential, a plain token, an API key', async () => {
  const { ask, issuer } = await setUp()
  const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })
  const { token: apiKey } = await createKey(pool, PEPPER, { subject: 'ann', scopes: [], actor: 'test' })
  await pool.end()
  const answers = [
    await ask({}),
    await ask({ authorization: `Bearer ${issuer.token()}` }),
    await ask({ 'x-api-key': apiKey }),
    await ask({ authorization: `Bearer ${apiKey}` }),
    await ask({ authorization: `DPoP ${apiKey}` }),
    await ask({ authorization: `DPoP ${apiKey}`, 'x-api-key': apiKey }),
  ]
  for (const { status, challenge } of answers)
    expect([status, challenge]).toEqual([
      401,
      expect.stringMatching(/^DPoP algs="ES256 ES384 EdDSA Ed25519", resource_metadata=/),
    ])
})

it('401 a bound token as Bearer at any endpoint, an anonymous one too; and a token that is not bound as DPoP', async () => {
  const { ask, token, issuer, send, proof } = await setUp()
  for (const path of ['/v1/things', '/v1/public'])
    expect(await ask({ authorization: `Bearer ${token}`, dpop: proof() }, path)).toMatchObject({
      status: 401,
      challenge: expect.stringContaining('Bearer error="invalid_token"'),
    })
  const plain = issuer.token()
  expect(await ask({ authorization: `DPoP ${plain}`, dpop: proof({ of: plain }) })).toMatchObject({
    status: 401,
    challenge: expect.stringContaining('DPoP error="invalid_token"'),
  })
  expect((await send(proof())).status).toBe(200)
})

const seconds = (more: number) => Math.floor(Date.now() / 1_000) + more
type Case = [string, ProofOptions | ((means: Awaited<ReturnType<typeof setUp>>) => string | Promise<string>)]
it('401 a proof that is not of this request, this token and this key', async () => {
  const cases: readonly Case[] = [
    ['of another method', { claims: { htm: 'POST' } }],
    ['of another path', { claims: { htu: 'http://127.0.0.1/v1/bound' } }],
    ['of https', ({ proof, url }) => proof({ claims: { htu: `${url.replace('http', 'https')}/v1/bound` } })],
    ['without htu', { claims: { htu: undefined } }],
    ['of another token', { of: 'another' }],
    ['without ath', { claims: { ath: undefined } }],
    ['of a minute and a half ago', { claims: { iat: seconds(-95) } }],
    ['of the future', { claims: { iat: seconds(40) } }],
    ['without iat', { claims: { iat: undefined } }],
    ['without jti', { claims: { jti: undefined } }],
    ['with a jti of 300 characters', { claims: { jti: 'j'.repeat(300) } }],
    ['of another type', { header: { typ: 'at+jwt' } }],
    ['of alg none', ({ proof }) => proof({ header: { alg: 'none' } }).replace(/[^.]+$/, '')],
    ['of HS256', { header: { alg: 'HS256' } }],
    ['with crit', { header: { crit: ['x'], x: 1 } }],
    ['without jwk', { header: { jwk: undefined } }],
    [
      'with the private key in it',
      ({ proof, key }) => proof({ header: { jwk: key.privateKey.export({ format: 'jwk' }) } }),
    ],
    ['of another key', async ({ proof }) => proof({ by: await createTestKey() })],
    [
      'with our key and the signature of another',
      async ({ proof, key }) => proof({ by: await createTestKey(), header: { jwk: publicPart(key) } }),
    ],
    ['of an RSA key', async ({ proof }) => proof({ by: await createTestKey('RS256') })],
    ['that is too long', { claims: { more: 'x'.repeat(5_000) } }],
    ['that is none', () => 'none'],
    ['that is the token', ({ token }) => token],
  ]
  const means = await setUp()
  for (const [what, made] of cases) {
    const proof = typeof made === 'function' ? await made(means) : means.proof(made)
    expect([what, await means.send(proof)]).toEqual([
      what,
      {
        status: 401,
        challenge: expect.stringMatching(/^DPoP error="invalid_dpop_proof", error_description="[^"]+", algs=/),
        message: expect.stringMatching(/\.$/),
      },
    ])
  }
  expect((await means.send(means.proof())).status).toBe(200)
  expect((await means.ask({ authorization: `DPoP ${means.token}` })).message).toBe(
    'Send a proof of the key that the token is bound to in the header DPoP.',
  )
})

it('401 a proof that was used before, and two proofs at once', async () => {
  const { send, proof, ask, token } = await setUp()
  const used = proof()
  expect([(await send(used)).status, (await send(used)).message]).toEqual([
    200,
    'The DPoP proof was used before; make one for each request.',
  ])
  const two = await ask({ authorization: `DPoP ${token}`, dpop: `${proof()}, ${proof()}` })
  expect(two.status).toBe(401)
})

it('behind trusted proxies, the address is the one that callers see', async () => {
  const { ask, proof, token } = await setUp({ EBB_TRUSTED_HOPS: '1' })
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'api.example', 'x-forwarded-for': '192.0.2.1' }
  const send = (htu: string) => ask({ authorization: `DPoP ${token}`, dpop: proof({ claims: { htu } }), ...forwarded })
  expect((await send('https://api.example/v1/bound')).status).toBe(200)
  expect((await send('https://api.example:443/v1/bound')).status).toBe(200)
  expect((await send('http://api.example/v1/bound')).status).toBe(401)
})

itWithRedis('401 a proof that was used at another gateway; each knows its own while Redis is away', async () => {
  const redis = await testRedis()
  await redis.start()
  const { send, proof, urls } = await setUp({ REDIS_URL: redis.url }, 2)
  const [first = '', second = ''] = urls
  const htu = (at: string) => ({ claims: { htu: `${at}/v1/bound`, jti: 'one' } })
  expect((await send(proof(htu(first)), '/v1/bound', first)).status).toBe(200)
  // The same jti of the same key, wherever it is sent.
  expect((await send(proof(htu(second)), '/v1/bound', second)).status).toBe(401)
  await redis.kill()
  const alone = proof({ claims: { htu: `${first}/v1/bound` } })
  expect([(await send(alone)).status, (await send(alone)).status]).toEqual([200, 401])
})
