import { afterEach, expect, it } from '@jest/globals'
import type { PresentedToken } from 'ebb/http/gateway'
import { parseConfig } from 'ebb/kernel'
import { createTestKey, goodClaims, signToken, startTestIssuer } from '../../../test/support/test-issuer.ts'
import { openTokens, type Tokens } from './open-tokens.ts'

const SECOND = 1_000
const HOUR = 3_600_000

const opened: Tokens[] = []
afterEach(() => {
  for (const tokens of opened.splice(0)) tokens.close()
})

/** What checks tokens of these issuers, by a clock that a test moves. */
function open(...issuers: readonly object[]) {
  const clock = { at: Date.now() }
  const messages: string[] = []
  const shed: string[] = []
  const log = {
    info: (_: object, text: string) => messages.push(text),
    warn: (_: object, text: string) => messages.push(text),
  }
  const options = { log, shed: (what: string) => void shed.push(what), now: () => clock.at }
  const tokens = openTokens(parseConfig({ EBB_ISSUERS: JSON.stringify(issuers) }), options as never)
  opened.push(tokens)
  const check = async (token: string, more: Partial<PresentedToken> = {}) => {
    const presented = {
      ...{ token, scheme: 'bearer', proofs: [], method: 'GET', path: '/' },
      ...more,
    } as PresentedToken
    return tokens.authenticate?.(presented)
  }
  /** The subject, or why there is none. */
  const outcome = (token: string) =>
    check(token).then(
      (authenticated) => authenticated?.caller.sub,
      (error: Error & { status?: number }) => error.status ?? error.message,
    )
  return { tokens, clock, messages, shed, check, outcome }
}

const UNKNOWN_KEY = 'The token is signed with a key that its issuer does not publish.'

it('a caller has the scopes, roles, tenant, client and plan of its token, wherever the settings say that those are', async () => {
  const issuer = await startTestIssuer()
  const claims = {
    scopes: ['https://api.example/grants'],
    roles: 'resource_access.api.roles',
    tenant: 'org.id',
    plan: 'org.plan',
  }
  const { check } = open(issuer.settings({ claims, subjectPrefix: 'staff:' }))
  const token = issuer.token({
    claims: {
      'https://api.example/grants': ['a:read', 'a:write', 'a:read'],
      ...{ resource_access: { api: { roles: 'clerk chief' } }, org: { id: 'acme', plan: 'pro' }, azp: 'web' },
    },
  })
  const authenticated = await check(token)
  expect(authenticated).toEqual({
    caller: {
      ...{ sub: 'staff:ada', scopes: ['a:read', 'a:write'], roles: ['clerk', 'chief'] },
      ...{ tenant: 'acme', client: 'web' },
    },
    credential: { kind: 'token', id: issuer.issuer },
    plan: 'pro',
  })
  expect([Object.isFrozen(authenticated?.caller), Object.isFrozen(authenticated?.caller.scopes)]).toEqual([true, true])
})

it('what is not in the token is not made up: no scopes, no roles, no tenant, not even from a prototype', async () => {
  const issuer = await startTestIssuer()
  const { check } = open(issuer.settings({ claims: { roles: 'constructor.name', tenant: '__proto__.x' } }))
  const token = issuer.token({ claims: { scope: undefined, client_id: undefined } })
  expect((await check(token))?.caller).toEqual({ sub: 'ada', scopes: [], roles: [] })
})

it('roles stand for scopes where the settings say so, for issuers that know groups only; typ need not be there where JWT will do', async () => {
  const issuer = await startTestIssuer()
  const roleScopes = { clerks: ['a:read', 'a:write'], chiefs: ['a:read', 'b:write'] }
  const { check } = open(issuer.settings({ claims: { roles: 'groups' }, roleScopes, types: ['JWT'] }))
  const claims = { scope: 'a:read', groups: ['clerks', 'constructor', 'chiefs'] }
  const authenticated = await check(issuer.token({ claims, header: { typ: undefined } }))
  expect(authenticated?.caller.scopes).toEqual(['a:read', 'a:write', 'b:write'])
})

it('a tenant of the settings is that of all callers of the issuer', async () => {
  const issuer = await startTestIssuer()
  const { check } = open(issuer.settings({ tenant: 'acme' }))
  expect((await check(issuer.token({ claims: { tenant: 'other' } })))?.caller.tenant).toBe('acme')
})

it('keys are fetched once however many wait, and tokens verified before are good without them', async () => {
  const issuer = await startTestIssuer()
  const { outcome } = open(issuer.settings())
  const tokens = Array.from({ length: 200 }, () => issuer.token())
  expect(new Set(await Promise.all(tokens.map(outcome)))).toEqual(new Set(['ada']))
  expect(issuer.fetches).toMatchObject({ metadata: 1, keys: 1 })
})

it('hundreds of made-up kids are one fetch in 30 s', async () => {
  const issuer = await startTestIssuer()
  const { outcome, clock } = open(issuer.settings())
  await outcome(issuer.token())
  const stranger = await createTestKey()
  const signed = (n: number) =>
    Array.from({ length: 100 }, (_, i) => issuer.token({ by: stranger, header: { kid: `${n}-${i}` } }))
  const storms = [signed(0), signed(1), signed(2)]
  const storm = async (n: number) => new Set(await Promise.all((storms[n] ?? []).map(outcome)))
  expect(await storm(0)).toEqual(new Set([UNKNOWN_KEY]))
  clock.at += 29 * SECOND
  expect(await storm(1)).toEqual(new Set([UNKNOWN_KEY]))
  expect(issuer.fetches.keys).toBe(2)
  clock.at += SECOND
  expect(await storm(2)).toEqual(new Set([UNKNOWN_KEY]))
  expect(issuer.fetches.keys).toBe(3)
})

it('a rotation refuses no token: a new key is fetched when the first token of it comes, the old one is good while it is published', async () => {
  const issuer = await startTestIssuer()
  const { outcome, tokens, messages } = open(issuer.settings())
  const old = issuer.token()
  expect(await outcome(old)).toBe('ada')
  const next = await createTestKey('ES256')
  issuer.publish(next)
  const fresh = () => issuer.token({ by: next })
  expect(await Promise.all([fresh(), fresh(), old, issuer.token()].map(outcome))).toEqual(['ada', 'ada', 'ada', 'ada'])
  issuer.withdraw(issuer.key)
  await tokens.refresh()
  expect(await outcome(fresh())).toBe('ada')
  // Both the one that was remembered, and one that was not.
  expect([await outcome(old), await outcome(issuer.token())]).toEqual([UNKNOWN_KEY, UNKNOWN_KEY])
  expect(messages.filter((text) => text === 'the keys of an issuer have changed')).toHaveLength(3)
})

it('a key that is published again with another use is another key', async () => {
  const issuer = await startTestIssuer()
  const { outcome, tokens } = open(issuer.settings())
  const token = issuer.token()
  expect(await outcome(token)).toBe('ada')
  issuer.publish(issuer.key, { use: 'enc' } as never)
  await tokens.refresh()
  expect(await outcome(token)).toBe(UNKNOWN_KEY)
})

it('a refresh sees what was published before it began, even where another fetch is under way', async () => {
  const issuer = await startTestIssuer()
  const { outcome, tokens } = open(issuer.settings())
  const token = issuer.token()
  await outcome(token)
  const held = Promise.withResolvers<() => void>()
  issuer.state.answerKeys = (response) => {
    const before = JSON.stringify({ keys: [issuer.key.jwk] })
    held.resolve(() => response.end(before))
  }
  const first = tokens.refresh()
  const letGo = await held.promise
  issuer.withdraw(issuer.key)
  issuer.state.answerKeys = undefined
  const second = tokens.refresh()
  letGo()
  await Promise.all([first, second])
  expect(await outcome(token)).toBe(UNKNOWN_KEY)
})

it('what was refused for its key is asked again when keys have changed, at once', async () => {
  const issuer = await startTestIssuer()
  const { outcome, tokens } = open(issuer.settings())
  const next = await createTestKey()
  const token = issuer.token({ by: next })
  expect(await outcome(token)).toBe(UNKNOWN_KEY)
  issuer.publish(next)
  await tokens.refresh()
  expect(await outcome(token)).toBe('ada')
})

it('keys are good for an hour while their issuer is away, and then nobody passes; 503 says when to come again', async () => {
  const issuer = await startTestIssuer()
  const { outcome, check, clock, tokens, messages } = open(issuer.settings())
  const started = clock.at
  const token = (by = issuer.key) => issuer.token({ by, claims: { exp: Math.floor(started / SECOND) + 10_000 } })
  const known = token()
  expect(await outcome(known)).toBe('ada')
  await issuer.stop()
  await tokens.refresh()
  clock.at += HOUR - 1
  expect([await outcome(known), await outcome(token())]).toEqual(['ada', 'ada'])
  // Whether that is a key of the issuer nobody can say now.
  expect(await outcome(token(await createTestKey()))).toBe(503)
  clock.at += 1
  expect([await outcome(known), await outcome(token())]).toEqual([503, 503])
  await expect(check(known)).rejects.toMatchObject({ code: 'unavailable', headers: { 'retry-after': '2' } })
  await issuer.start()
  clock.at += 2 * SECOND
  expect([await outcome(known), await outcome(token())]).toEqual(['ada', 'ada'])
  expect(messages).toEqual([
    'the keys of an issuer have changed',
    'the keys of an issuer cannot be fetched; the last ones are good for an hour',
    'the keys of an issuer are there again',
  ])
})

it('503 while the issuer was never there, a few attempts however many ask, and 200 once it is', async () => {
  const issuer = await startTestIssuer()
  await issuer.stop()
  const { outcome, clock } = open(issuer.settings())
  const answers = await Promise.all(Array.from({ length: 50 }, () => outcome(issuer.token())))
  expect(new Set(answers)).toEqual(new Set([503]))
  await issuer.start()
  expect(await outcome(issuer.token())).toBe(503)
  clock.at += 2 * SECOND
  expect(await outcome(issuer.token())).toBe('ada')
})

it.each<[string, (issuer: Awaited<ReturnType<typeof startTestIssuer>>) => void]>([
  ['metadata of another issuer', ({ state }) => Object.assign(state, { name: 'https://other.example' })],
  ['metadata with a slash more', ({ state, issuer }) => Object.assign(state, { name: `${issuer}/` })],
  [
    'keys at a public address without TLS',
    ({ state }) => Object.assign(state, { jwksUri: 'http://keys.example/keys' }),
  ],
  [
    'a redirect',
    ({ state, issuer }) => {
      state.answerKeys = (response) => void response.writeHead(302, { location: `${issuer}/keys` }).end()
    },
  ],
  [
    'a megabyte',
    ({ state }) => {
      state.answerKeys = (response) => void response.end(JSON.stringify({ keys: [], more: 'x'.repeat(1_000_000) }))
    },
  ],
  [
    'no JSON',
    ({ state }) => {
      state.answerKeys = (response) => void response.end('<html>')
    },
  ],
  [
    'no keys',
    ({ state }) => {
      state.answerKeys = (response) => void response.end('{"keys":{}}')
    },
  ],
])('503, and never a pass, where the issuer answers with %s', async (_what, spoil) => {
  const issuer = await startTestIssuer()
  spoil(issuer)
  expect(await open(issuer.settings()).outcome(issuer.token())).toBe(503)
})

it('a key set may hold what is no key, or a secret one: those are left out', async () => {
  const issuer = await startTestIssuer()
  issuer.state.answerKeys = (response) =>
    void response.end(
      JSON.stringify({
        keys: [{ kty: 'oct', k: 'AAAA', kid: 'x' }, { kty: 'odd' }, { kty: 'EC', kid: 'y' }, issuer.key.jwk],
      }),
    )
  const { outcome, tokens } = open(issuer.settings())
  expect(await outcome(issuer.token())).toBe('ada')
  expect(tokens.status()).toMatchObject([{ issuer: issuer.issuer, kids: [issuer.key.kid], error: undefined }])
})

it('a token without kid is good where one key fits, and refused where two do', async () => {
  const issuer = await startTestIssuer()
  const { outcome, tokens } = open(issuer.settings())
  const token = () => issuer.token({ header: { kid: undefined } })
  expect(await outcome(token())).toBe('ada')
  issuer.publish(await createTestKey())
  await tokens.refresh()
  expect(await outcome(token())).toBe('The token does not say by kid which key of its issuer signed it.')
})

it.each([
  ['OpenID Connect, below a path', { path: '/realms/shop', metadata: 'oidc' }],
  ['RFC 8414', { metadata: 'rfc8414' }],
  ['RFC 8414, below a path', { path: '/realms/shop', metadata: 'rfc8414' }],
] as const)('finds the keys by %s', async (_what, options) => {
  const issuer = await startTestIssuer(options)
  expect(await open(issuer.settings()).outcome(issuer.token())).toBe('ada')
})

it('finds them without metadata where the settings say where they are', async () => {
  const issuer = await startTestIssuer()
  expect(await open(issuer.settings({ jwksUri: `${issuer.issuer}/keys` })).outcome(issuer.token())).toBe('ada')
  expect(issuer.fetches.metadata).toBe(0)
})

it('a remembered token is refused from its exp on, with the tolerance, and before its nbf if the clock goes back', async () => {
  const issuer = await startTestIssuer()
  const { outcome, clock } = open(issuer.settings({ clockToleranceSeconds: 10 }))
  const now = Math.floor(clock.at / SECOND)
  const token = issuer.token({ claims: { nbf: now, iat: now - 60, exp: now + 60 } })
  const another = issuer.token({ claims: { nbf: now, iat: now - 60, exp: now + 60 } })
  expect([await outcome(token), await outcome(another)]).toEqual(['ada', 'ada'])
  clock.at = (now + 70) * SECOND - 1
  expect(await outcome(token)).toBe('ada')
  clock.at += 1
  expect(await outcome(token)).toBe('The token has expired; get a new one.')
  clock.at = (now - 11) * SECOND
  expect(await outcome(another)).toBe('The token is not valid yet.')
})

it('a refusal is remembered for 5 s, and costs no second look meanwhile', async () => {
  const issuer = await startTestIssuer()
  const { check, clock, tokens } = open(issuer.settings())
  await tokens.refresh()
  const token = issuer.token({ claims: { aud: 'https://other.example' } })
  const refusalOf = () => check(token).catch((error: unknown) => error)
  const first = await refusalOf()
  expect(await refusalOf()).toBe(first)
  clock.at += 5 * SECOND
  expect(await refusalOf()).not.toBe(first)
})

it('no issuer can name the callers of another, and none vouches for another', async () => {
  const [one, two] = [await startTestIssuer(), await startTestIssuer()]
  const { check, outcome } = open(one.settings(), two.settings({ subjectPrefix: 'two:' }))
  const subOf = async (token: string) => (await check(token))?.caller.sub
  expect([await subOf(one.token()), await subOf(two.token())]).toEqual(['ada', 'two:ada'])
  expect(await outcome(one.token({ claims: { sub: 'two:ada' } }))).toBe(
    'The sub of the token is one of another issuer.',
  )
  const forged = signToken({ alg: 'ES256', typ: 'at+jwt', kid: one.key.kid }, goodClaims(two.issuer), one.key)
  expect(await outcome(forged)).toBe(UNKNOWN_KEY)
})
