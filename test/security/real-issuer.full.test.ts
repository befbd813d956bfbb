import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { expect, it } from '@jest/globals'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { Provider } from 'oidc-provider'
import { ADMIN, gatewaySettings, listenForTest, startTestGateway } from '../../services/gateway/test-support.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { createTestKey, signToken, type TestKey } from '../support/test-issuer.ts'

const database = testDatabase()
const JWT_API = 'urn:test:api'
const OPAQUE_API = 'urn:test:opaque-api'
const SECRET = 'a-secret-of-this-test-that-is-long'

/** The provider of panva's oidc-provider, which knows nothing of us, and a gateway that accepts its tokens. */
async function setUp() {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk: JWK = { ...(await exportJWK(privateKey)), kid: 'first', alg: 'ES256', use: 'sig' }
  const server = createServer((request, response) => void callback(request, response))
  const issuer = `http://127.0.0.1:${await listenForTest(server)}`
  const client = { client_secret: SECRET, redirect_uris: [], response_types: [] }
  const provider = new Provider(issuer, {
    clients: [
      { ...client, client_id: 'machine', grant_types: ['client_credentials'] },
      { ...client, client_id: 'gateway', grant_types: ['client_credentials'] },
    ],
    jwks: { keys: [jwk as never] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes: ['things:write'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => JWT_API,
        getResourceServerInfo: (_ctx, resource) => ({ ...apiOf(resource), scope: 'things:write' }),
      },
    },
  })
  const callback = provider.callback()
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const { url, admin } = await startTestGateway({
    ...env,
    EBB_ISSUERS: JSON.stringify([
      {
        ...{ issuer, audience: [JWT_API, OPAQUE_API], algorithms: ['ES256'], allowHttp: true },
        introspection: { clientId: 'gateway' },
      },
    ]),
    EBB_INTROSPECTION_SECRET: SECRET,
  })

  const requestToken = async (headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`machine:${SECRET}`).toString('base64')}`, ...headers },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'things:write', resource: JWT_API }),
    })
    const { access_token: token, ...rest } = (await response.json()) as { access_token: string; token_type: string }
    return { token, ...rest }
  }
  const statusOf = async (authorization: string, { path = '/v1/things', dpop = '' } = {}) =>
    (await fetch(url + path, { headers: { authorization, ...(dpop ? { dpop } : {}) } })).status
  return { issuer, provider, url, admin, requestToken, statusOf }
}

const apiOf = (audience: string) =>
  audience === JWT_API
    ? ({ audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } } as const)
    : ({ audience, accessTokenFormat: 'opaque' } as const)

function proofFor(key: TestKey, method: string, htu: string, token?: string) {
  const { kty, crv, x, y } = key.jwk
  const ath = token === undefined ? {} : { ath: createHash('sha256').update(token).digest('base64url') }
  return signToken(
    { typ: 'dpop+jwt', alg: key.alg, jwk: { kty, crv, x, y } },
    { jti: randomUUID(), htm: method, htu, iat: Math.floor(Date.now() / 1_000), ...ath },
    key,
  )
}

it('a JWT of a real provider is good, and its key is the one that is fetched', async () => {
  const { requestToken, statusOf, admin } = await setUp()
  const { token, token_type } = await requestToken()
  expect([token_type, await statusOf(`Bearer ${token}`)]).toEqual(['Bearer', 200])
  const issuers = await fetch(`${admin}/v1/issuers`, { headers: ADMIN })
  expect(await issuers.json()).toMatchObject({ issuers: [{ kids: ['first'] }] })
})

it('a token that it binds to a key is good with proofs of that key, and without none', async () => {
  const { requestToken, statusOf, issuer, url } = await setUp()
  const key = await createTestKey()
  const { token, token_type } = await requestToken({ dpop: proofFor(key, 'POST', `${issuer}/token`) })
  expect(token_type).toBe('DPoP')
  const { cnf } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  expect(cnf).toEqual({ jkt: await calculateJwkThumbprint(key.jwk) })
  const bound = { path: '/v1/bound', dpop: proofFor(key, 'GET', `${url}/v1/bound`, token) }
  expect(await statusOf(`DPoP ${token}`, bound)).toBe(200)
  expect(await statusOf(`DPoP ${token}`, bound)).toBe(401)
  expect(await statusOf(`Bearer ${token}`)).toBe(401)
})

it('its opaque tokens are good by introspection, and what it has revoked or meant for itself is not', async () => {
  const { provider, statusOf } = await setUp()
  const client = await provider.Client.find('machine')
  if (!client) throw new Error('there is no client')
  const grant = new provider.Grant({ clientId: 'machine', accountId: 'ada' })
  const common = { client, accountId: 'ada', grantId: await grant.save(), gty: 'test' }
  const issue = async () => {
    const token = new provider.AccessToken({ ...common, scope: 'things:write' } as never)
    token.resourceServer = new provider.ResourceServer(OPAQUE_API, { ...apiOf(OPAQUE_API), scope: 'things:write' })
    return { token, text: await token.save() }
  }
  const [good, revoked] = [await issue(), await issue()]
  await revoked.token.destroy()
  const refresh = await new provider.RefreshToken({ ...common, scope: 'openid' } as never).save()
  expect(good.text).not.toContain('.')
  expect([
    await statusOf(`Bearer ${good.text}`),
    await statusOf(`Bearer ${revoked.text}`),
    await statusOf(`Bearer ${refresh}`),
    await statusOf('Bearer made-up-token-of-nobody'),
  ]).toEqual([200, 401, 401, 401])
})
