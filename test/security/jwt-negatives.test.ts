import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { beforeAll, expect, it } from '@jest/globals'
import { CompactEncrypt } from 'jose'
import { gatewaySettings, listenForTest, startTestGateway } from '../../services/gateway/test-support.ts'
import { testDatabase } from '../../src/testing/index.ts'
import {
  AUDIENCE,
  base64url,
  createTestKey,
  goodClaims,
  signToken,
  startTestIssuer,
  type TestIssuer,
} from '../support/test-issuer.ts'

/** What every refused token is made of: a good one, and what an attacker has. */
interface Means {
  /** Accepts clients `app` and `web`, and at+jwt only. */
  readonly issuer: TestIssuer
  /** Another issuer that is accepted, with the subjectPrefix `other:`. */
  readonly other: TestIssuer
  readonly attacker: Awaited<ReturnType<typeof createTestKey>>
  /** A server of the attacker's, which must never be asked. */
  readonly attackerUrl: string
  /** Of the issuer: an RSA key that it signs with, and one that it publishes for encryption. */
  readonly rsa: Means['attacker']
  readonly encryption: Means['attacker']
}

type Make = (means: Means) => string | Promise<string>
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds
const claims =
  (changed: object): Make =>
  ({ issuer }) =>
    issuer.token({ claims: changed })
const header =
  (changed: object): Make =>
  ({ issuer }) =>
    issuer.token({ header: changed })
const hmac = (head: object, payload: object, secret: string | Buffer) => {
  const signed = `${base64url(head)}.${base64url(payload)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
const partsOf = (token: string) => token.split('.') as [string, string, string]
/** With the text of its payload changed, and signed anew. */
const payload =
  (change: (json: string) => string): Make =>
  ({ issuer }) =>
    signToken(
      { alg: issuer.key.alg, typ: 'at+jwt', kid: issuer.key.kid },
      change(JSON.stringify(goodClaims(issuer.issuer))),
      issuer.key,
    )

const NEGATIVES: Readonly<Record<string, Make>> = {
  // How it is signed.
  'alg none': ({ issuer }) => `${base64url({ alg: 'none', typ: 'at+jwt' })}.${base64url(goodClaims(issuer.issuer))}.`,
  'alg none with a signature': ({ issuer }) => {
    const [, body, signature] = partsOf(issuer.token())
    return `${base64url({ alg: 'none', typ: 'at+jwt' })}.${body}.${signature}`
  },
  'alg nOnE': header({ alg: 'nOnE' }),
  'HS256 with the public key as its secret': ({ issuer, rsa }) =>
    hmac(
      { alg: 'HS256', typ: 'at+jwt', kid: rsa.kid },
      goodClaims(issuer.issuer),
      rsa.publicKey.export({ type: 'spki', format: 'pem' }),
    ),
  'HS256 with the published JWK as its secret': ({ issuer }) =>
    hmac(
      { alg: 'HS256', typ: 'at+jwt', kid: issuer.key.kid },
      goodClaims(issuer.issuer),
      JSON.stringify(issuer.key.jwk),
    ),
  'an algorithm that is not in the list': ({ issuer, rsa }) => issuer.token({ by: rsa, header: { alg: 'RS384' } }),
  'an algorithm of another kind than its key': ({ issuer }) => issuer.token({ header: { alg: 'RS256' } }),
  'alg that is no text': header({ alg: ['ES256'] }),
  'no alg': header({ alg: undefined }),
  'a signature of zeros': ({ issuer }) => {
    const [head, body] = partsOf(issuer.token())
    return `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`
  },
  'no signature': ({ issuer }) => issuer.token().replace(/[^.]+$/, ''),
  'half of a signature': ({ issuer }) => issuer.token().slice(0, -40),
  'the signature of another token': ({ issuer }) =>
    issuer.token().replace(/[^.]+$/, partsOf(issuer.token({ claims: { sub: 'ben' } }))[2]),
  'a payload that was changed': ({ issuer }) => {
    const [head, , signature] = partsOf(issuer.token())
    return `${head}.${base64url({ ...goodClaims(issuer.issuer), sub: 'root' })}.${signature}`
  },
  'another key under a published kid': ({ issuer, attacker }) =>
    issuer.token({ by: attacker, header: { kid: issuer.key.kid } }),
  'the key of another issuer': ({ issuer, other }) => issuer.token({ by: other.key }),
  'a key that is published for encryption': ({ issuer, encryption }) => issuer.token({ by: encryption }),
  // Which key it is signed with.
  'an unknown kid': ({ issuer, attacker }) => issuer.token({ by: attacker }),
  'a kid that is a path': ({ issuer }) =>
    hmac({ alg: 'HS256', typ: 'at+jwt', kid: '../../../../dev/null' }, goodClaims(issuer.issuer), ''),
  'a kid that is a path, signed by another key': ({ issuer, attacker }) =>
    issuer.token({ by: attacker, header: { kid: '/proc/self/environ' } }),
  'a kid that is SQL': ({ issuer, attacker }) =>
    issuer.token({ by: attacker, header: { kid: "x' union select 'secret' -- " } }),
  'a kid that is a URL': ({ issuer, attacker, attackerUrl }) =>
    issuer.token({ by: attacker, header: { kid: attackerUrl } }),
  'a kid that is no text': header({ kid: { $ne: null } }),
  'a kid of 300 characters': header({ kid: 'k'.repeat(300) }),
  'a kid that is called __proto__': ({ issuer, attacker }) =>
    issuer.token({ by: attacker, header: { kid: '__proto__' } }),
  'an embedded jwk': ({ issuer, attacker }) => issuer.token({ by: attacker, header: { jwk: attacker.jwk } }),
  "an embedded jwk with the issuer's kid": ({ issuer, attacker }) =>
    issuer.token({ by: attacker, header: { kid: issuer.key.kid, jwk: attacker.jwk } }),
  'jku of somebody else': ({ issuer, attacker, attackerUrl }) =>
    issuer.token({ by: attacker, header: { jku: attackerUrl } }),
  'x5u of somebody else': ({ issuer, attacker, attackerUrl }) =>
    issuer.token({ by: attacker, header: { x5u: attackerUrl } }),
  'x5c of somebody else': ({ issuer, attacker }) => issuer.token({ by: attacker, header: { x5c: ['MIIB'] } }),
  // What it asks for.
  'crit with an extension': header({ crit: ['urn:example:x'], 'urn:example:x': true }),
  'crit that is empty': header({ crit: [] }),
  'crit with b64: false': header({ crit: ['b64'], b64: false }),
  'b64: false without crit': header({ b64: false }),
  'cty JWT': header({ cty: 'JWT' }),
  'zip DEF': header({ zip: 'DEF' }),
  'a JWE': ({ issuer, encryption }) =>
    new CompactEncrypt(Buffer.from(issuer.token()))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A128GCM', typ: 'at+jwt', cty: 'JWT' })
      .encrypt(encryption.publicKey),
  'a JWS in a JWS': ({ issuer }) =>
    signToken({ alg: issuer.key.alg, typ: 'at+jwt', kid: issuer.key.kid }, issuer.token(), issuer.key),
  // Who it is from, for whom, and of which kind.
  'another iss': claims({ iss: 'https://issuer.example' }),
  'iss with a slash more': ({ issuer }) => issuer.token({ claims: { iss: `${issuer.issuer}/` } }),
  'iss as a list': ({ issuer }) => issuer.token({ claims: { iss: [issuer.issuer] } }),
  'no iss': claims({ iss: undefined }),
  'another aud': claims({ aud: 'https://other.example' }),
  'a list of other aud': claims({ aud: ['https://other.example', `${AUDIENCE}/more`] }),
  'an aud that begins like ours': claims({ aud: `${AUDIENCE}.attacker.example` }),
  'no aud': claims({ aud: undefined }),
  'typ JWT, as an ID token has it': header({ typ: 'JWT' }),
  'typ dpop+jwt': header({ typ: 'dpop+jwt' }),
  'typ logout+jwt': header({ typ: 'logout+jwt' }),
  'no typ': header({ typ: undefined }),
  'events, as a logout token has them': claims({
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  }),
  'azp of another client': claims({ azp: 'stranger' }),
  'azp of another client beside a known client_id': claims({ azp: 'stranger', client_id: 'app' }),
  'client_id of another client beside a known azp': claims({ azp: 'app', client_id: 'stranger' }),
  'azp that is no text': claims({ azp: ['app'] }),
  'no client': claims({ client_id: undefined }),
  // When.
  'nbf in the future': claims({ nbf: inSeconds(120) }),
  'iat in the future': claims({ iat: inSeconds(120) }),
  'exp in the past, beyond the tolerance': claims({ exp: inSeconds(-61) }),
  'exp of 1970': claims({ exp: 1 }),
  'no exp': claims({ exp: undefined }),
  'exp as text': claims({ exp: String(inSeconds(300)) }),
  'exp as null': claims({ exp: null }),
  'exp beyond all numbers': payload((json) => json.replace(/"exp":\d+/, '"exp":1e999')),
  'nbf as text': claims({ nbf: 'now' }),
  // How it is written.
  'sub twice': payload((json) => json.replace('"sub":"ada"', '"sub":"ada","sub":"root"')),
  'sub twice, once with an escape': payload((json) =>
    json.replace('"sub":"ada"', String.raw`"sub":"ada","s\u0075b":"root"`),
  ),
  'a name twice in a claim': payload((json) => json.replace('{', '{"realm_access":{"roles":[],"roles":["admin"]},')),
  'alg twice': ({ issuer }) =>
    signToken(
      `{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"${issuer.key.kid}"}`,
      goodClaims(issuer.issuer),
      issuer.key,
    ),
  'a payload that is a list': ({ issuer }) => payload((json) => `[${json}]`)({ issuer } as Means),
  'a payload that is null': payload(() => 'null'),
  'a payload that is no JSON': payload((json) => json.slice(1)),
  'a payload that is not UTF-8': ({ issuer }) => {
    const [head] = partsOf(issuer.token())
    return `${head}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.AAAA`
  },
  'two parts': ({ issuer }) => partsOf(issuer.token()).slice(0, 2).join('.'),
  'four parts': ({ issuer }) => `${issuer.token()}.AAAA`,
  'an empty payload': ({ issuer }) => issuer.token().replace(/\..+\./, '..'),
  padding: ({ issuer }) => issuer.token().replace('.', '=.'),
  'base64 that is not of URLs': ({ issuer }) => issuer.token().replace('.', '+/.'),
  '9,000 characters': claims({ more: 'x'.repeat(6_400) }),
  // Whom it names.
  'no sub': claims({ sub: undefined }),
  'an empty sub': claims({ sub: '' }),
  'sub as a number': claims({ sub: 7 }),
  'sub as an object': claims({ sub: { toString: 'ada' } }),
  'sub anonymous': claims({ sub: 'anonymous' }),
  'sub with a line break': claims({ sub: 'ada\nroot' }),
  'sub with the separator of tenants': claims({ sub: 'acme\u001fada' }),
  'sub with half of a surrogate pair': payload((json) => json.replace('"ada"', String.raw`"\ud800"`)),
  'sub of 256 characters': claims({ sub: 'a'.repeat(256) }),
  "sub that begins as another issuer's": claims({ sub: 'other:ada' }),
  'scope as a number': claims({ scope: 7 }),
  'scope with a line break': claims({ scope: 'things:write\nx' }),
  'roles as an object': claims({ realm_access: { roles: { admin: true } } }),
  'a tenant that is a path': claims({ tenant: '../acme' }),
  'a tenant as a list': claims({ tenant: ['acme'] }),
  // What it is bound to.
  'a key of DPoP, without a proof': claims({ cnf: { jkt: 'A'.repeat(43) } }),
  'a client certificate': claims({ cnf: { 'x5t#S256': 'A'.repeat(43) } }),
  'cnf that is no object': claims({ cnf: 'key' }),
}

const database = testDatabase()
const answers = new Map<string, { readonly status: number; readonly challenge: string; readonly error: unknown }>()
let good: number[] = []
let [invoked, attackerAsked, keysFetched] = [0, 0, 0]

/** All requests in one go: the tests look at what came of them. */
beforeAll(async () => {
  const { env } = await gatewaySettings(database.url, (_request, response) => {
    invoked++
    response.end('{}')
  })
  const attackerServer = createServer((_request, response) => {
    attackerAsked++
    response.end('{}')
  })
  const attackerUrl = `http://127.0.0.1:${await listenForTest(attackerServer)}/keys`
  const [issuer, other] = [await startTestIssuer(), await startTestIssuer()]
  const [attacker, rsa, encryption] = [await createTestKey(), await createTestKey('RS256'), await createTestKey()]
  issuer.publish(rsa)
  issuer.publish(encryption, { use: 'enc' } as never)
  const means: Means = { ...{ issuer, other, attacker, attackerUrl, rsa, encryption } }
  const { url } = await startTestGateway({
    ...env,
    EBB_ISSUERS: JSON.stringify([
      issuer.settings({ clients: ['app', 'web'], claims: { roles: 'realm_access.roles', tenant: 'tenant' } }),
      other.settings({ subjectPrefix: 'other:' }),
    ]),
  })
  const send = (token: string) => fetch(`${url}/v1/things`, { headers: { authorization: `Bearer ${token}` } })
  const accepted = [
    issuer.token(),
    issuer.token({ by: rsa }),
    other.token(),
    issuer.token({ claims: { azp: 'web', aud: ['x', AUDIENCE], exp: inSeconds(-30), nbf: inSeconds(30) } }),
    issuer.token({ header: { typ: 'application/AT+JWT' } }),
  ]
  good = await Promise.all(accepted.map(async (token) => (await send(token)).status))
  invoked = 0
  for (const [name, make] of Object.entries(NEGATIVES)) {
    const response = await send(await make(means))
    const { error } = (await response.json()) as { error: unknown }
    answers.set(name, { status: response.status, challenge: response.headers.get('www-authenticate') ?? '', error })
  }
  const huge = await send(`eyJ${'a'.repeat(1_000_000)}.e30.AAAA`)
  answers.set('1 MB', { status: huge.status, challenge: '', error: ((await huge.json()) as { error: unknown }).error })
  keysFetched = issuer.fetches.keys
})

it('200 the tokens that all of these are made of', () => expect(good).toEqual([200, 200, 200, 200, 200]))

it.each(Object.keys(NEGATIVES))('401 %s', (name) => {
  expect(answers.get(name)).toEqual({
    status: 401,
    challenge: expect.stringMatching(
      /^Bearer error="invalid_token", error_description="[^"]+\.", resource_metadata="http/,
    ),
    error: 'unauthenticated',
  })
})

it('431 a token of 1 MB', () => {
  expect(answers.get('1 MB')).toMatchObject({ status: 431, error: 'headers_too_large' })
})

it('no such request reached a function or a server that a token pointed to, and all unknown keys were one fetch', () => {
  expect([invoked, attackerAsked]).toEqual([0, 0])
  // The others are the one at the start, and the one when the channel to the database came up.
  expect(keysFetched).toBeLessThanOrEqual(3)
})
