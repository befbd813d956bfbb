import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from '@jest/globals'
import { liveSetting, parseConfig } from 'ebb/kernel'
import { goodClaims, startTestIssuer } from '../../../test/support/test-issuer.ts'
import { openTokens, type Tokens } from './open-tokens.ts'

const SECOND = 1_000
const OPAQUE = 'q7Yx-9.opaque_token~0'

const opened: Tokens[] = []
afterEach(() => {
  for (const tokens of opened.splice(0)) tokens.close()
})

const fixed = (issuers: object) =>
  parseConfig({ EBB_ISSUERS: JSON.stringify(issuers), EBB_INTROSPECTION_SECRET: 's3cret/+ of the gateway' })

async function setUp(configure = fixed) {
  const issuer = await startTestIssuer()
  const clock = { at: Date.now() }
  const shed: string[] = []
  const log = { info: () => {}, warn: () => {} }
  const options = { log, shed: (what: string) => void shed.push(what), now: () => clock.at }
  const config = configure([issuer.settings({ introspection: { clientId: 'the gateway' } })])
  const tokens = openTokens(config, options as never)
  opened.push(tokens)
  // When keys have changed, refusals are forgotten.
  await tokens.refresh()
  const { iss: _iss, ...claims } = goodClaims(issuer.issuer)
  issuer.state.introspect = () => ({ active: true, ...claims })
  const outcome = async (token: string) => {
    try {
      const presented = { ...{ token, scheme: 'bearer', proofs: [], method: 'GET', path: '/' } } as never
      return (await tokens.authenticate?.(presented))?.caller
    } catch (error) {
      return (error as { status?: number }).status ?? (error as Error).message
    }
  }
  return { issuer, claims, clock, shed, outcome, config }
}

const UNKNOWN = 'The token is not known to its issuer, or no longer active; get a new one.'
const CALLER = { sub: 'ada', scopes: ['things:write'], client: 'app' }

it('an opaque token is asked about once in 30 s, however many come, as a client whose secret is encoded', async () => {
  const { issuer, clock, outcome } = await setUp()
  expect(
    new Set((await Promise.all(Array.from({ length: 100 }, () => outcome(OPAQUE)))).map((one) => JSON.stringify(one))),
  ).toEqual(new Set([JSON.stringify(CALLER)]))
  clock.at += 29 * SECOND
  expect(await outcome(OPAQUE)).toEqual(CALLER)
  expect(issuer.fetches.introspection).toBe(1)
  clock.at += SECOND
  expect(await outcome(OPAQUE)).toEqual(CALLER)
  expect(issuer.fetches.introspection).toBe(2)
  const { authorization, body } = issuer.state.introspected
  expect(Buffer.from(authorization.slice(6), 'base64').toString()).toBe('the+gateway:s3cret%2F%2B+of+the+gateway')
  expect(Object.fromEntries(new URLSearchParams(body))).toEqual({ token: OPAQUE, token_type_hint: 'access_token' })
})

it('what the issuer says is good no longer than the token', async () => {
  const { issuer, claims, clock, outcome } = await setUp()
  issuer.state.introspect = () => ({ active: true, ...claims, exp: Math.floor(clock.at / SECOND) + 5 })
  expect(await outcome(OPAQUE)).toEqual(CALLER)
  issuer.state.introspect = () => ({ active: false })
  clock.at += 4 * SECOND
  expect(await outcome(OPAQUE)).toEqual(CALLER)
  clock.at += SECOND
  expect(await outcome(OPAQUE)).toBe(UNKNOWN)
})

it.each<[string, object, string]>([
  ['is not active', { active: false }, UNKNOWN],
  ['is active as a text', { active: 'true' }, UNKNOWN],
  ['is of another issuer', { iss: 'https://other.example' }, UNKNOWN],
  [
    'is for another audience, as a refresh token is',
    { aud: 'https://login.example' },
    'The token is for another audience.',
  ],
  ['says no audience', { aud: undefined }, 'The token is for another audience.'],
  ['says nobody', { sub: undefined }, 'The token says in sub who calls; this one does not.'],
  ['has expired', { exp: 1 }, 'The token has expired; get a new one.'],
])('a token that %s is refused, and that is remembered for 5 s', async (_what, changed, message) => {
  const { issuer, claims, clock, outcome } = await setUp()
  issuer.state.introspect = () => ({ active: true, ...claims, ...changed })
  expect([await outcome(OPAQUE), await outcome(OPAQUE)]).toEqual([message, message])
  expect(issuer.fetches.introspection).toBe(1)
  clock.at += 5 * SECOND
  issuer.state.introspect = () => ({ active: true, ...claims })
  expect(await outcome(OPAQUE)).toEqual(CALLER)
})

it('503 while the issuer is away, and never a pass; what was asked before is good for its time', async () => {
  const { issuer, clock, outcome } = await setUp()
  expect(await outcome(OPAQUE)).toEqual(CALLER)
  await issuer.stop()
  clock.at += 29 * SECOND
  expect([await outcome(OPAQUE), await outcome(`${OPAQUE}1`)]).toEqual([CALLER, 503])
  clock.at += SECOND
  expect(await outcome(OPAQUE)).toBe(503)
  await issuer.start()
  expect(await outcome(OPAQUE)).toEqual(CALLER)
})

it('what is no token is not asked about, and an API key is nobody’s business', async () => {
  const { issuer, outcome } = await setUp()
  for (const token of ['', 'short', 'with space in it', '"quoted-text"', 'x'.repeat(5_000)])
    expect(await outcome(token)).toBe(UNKNOWN)
  expect(issuer.fetches.introspection).toBe(0)
})

it('a flood of unknown tokens is bounded, and holds up no token that was good before', async () => {
  const { issuer, clock, claims, shed, outcome } = await setUp()
  expect(await outcome(OPAQUE)).toEqual(CALLER)
  clock.at += 30 * SECOND
  issuer.state.introspect = (token) => (token === OPAQUE ? { active: true, ...claims } : { active: false })
  const flood = Array.from({ length: 500 }, (_, i) => outcome(`made-up-token-${i}`))
  expect(await outcome(OPAQUE)).toEqual(CALLER)
  const answers = await Promise.all(flood)
  expect([shed.length, new Set(shed), new Set(answers)]).toEqual([390, new Set(['tokens']), new Set([503, UNKNOWN])])
})

it('its secret is a setting, in a file too, which is read again when it changes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-introspection-'))
  try {
    const file = join(folder, 'secret')
    await writeFile(file, 'from-a-file\n')
    const config = (issuers: object) =>
      parseConfig({ EBB_ISSUERS: JSON.stringify(issuers), EBB_INTROSPECTION_SECRET_FILE: file })
    const { issuer, outcome, clock, config: read } = await setUp(config)
    const secretOf = () => Buffer.from(issuer.state.introspected.authorization.slice(6), 'base64').toString()
    expect([await outcome(OPAQUE), secretOf()]).toEqual([CALLER, 'the+gateway:from-a-file'])
    await writeFile(`${file}.new`, 'another-one\n')
    await rename(`${file}.new`, file)
    await liveSetting(read, 'EBB_INTROSPECTION_SECRET', { info: () => {}, warn: () => {} }).refresh()
    clock.at += 30 * SECOND
    expect([await outcome(OPAQUE), secretOf()]).toEqual([CALLER, 'the+gateway:another-one'])
  } finally {
    await rm(folder, { recursive: true })
  }
})

it('without its secret there is no start', async () => {
  await expect(setUp((issuers) => parseConfig({ EBB_ISSUERS: JSON.stringify(issuers) }))).rejects.toThrow(
    'EBB_INTROSPECTION_SECRET: not set, and an issuer of EBB_ISSUERS has introspection',
  )
})
