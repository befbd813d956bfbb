import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from '@jest/globals'
import { mountSecret } from '../../test/support/mounted-secret.ts'
import { untilTrue } from '../../test/support/until.ts'
import { liveSetting, overrideConfig, parseConfig, readSecrets } from './config.ts'
import { readReloads } from './live-value.ts'
import { redactSecrets } from './redact.ts'
import { SETTINGS, type Setting } from './settings.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

function mount(values: Readonly<Record<string, string>>) {
  const secret = mountSecret(values)
  closers.push(secret.remove)
  return secret
}

function collectLines() {
  const lines: string[] = []
  const write = (fields: unknown, text?: string) => void lines.push(`${JSON.stringify(fields)} ${text}`)
  return { lines, log: { info: write, warn: write } }
}

const URLS = ['redis://:first-password-1@a:6379', 'redis://:second-password@a:6379'] as const

it('a setting follows a mounted Secret, and its new password is redacted', async () => {
  const { log } = collectLines()
  const secret = mount({ redis: URLS[0] })
  const config = parseConfig({ REDIS_URL_FILE: secret.file('redis') })
  const setting = liveSetting(config, 'REDIS_URL', log)
  const taken: unknown[] = []
  setting.onChange((url) => taken.push(url))
  const before = Date.now()
  secret.replace({ redis: `${URLS[1]}\n` })
  await setting.refresh()
  expect(setting.current()).toBe(URLS[1])
  expect(taken).toEqual([URLS[1]])
  expect(redactSecrets('{"x":"second-password"}')).toBe('{"x":"[redacted]"}')
  expect(readReloads().get('REDIS_URL')?.at).toBeGreaterThanOrEqual(before)
  expect(liveSetting(config, 'REDIS_URL', log)).toBe(setting)
})

it.each([
  ['empty', ''],
  ['half a JSON', '{"kty":'],
])('what is %s changes nothing, and is one line without the value', async (_what, text) => {
  const { log, lines } = collectLines()
  const secret = mount({ jwks: '{"keys":[]}' })
  const setting = liveSetting(parseConfig({ EBB_IDENTITY_JWKS_FILE: secret.file('jwks') }), 'EBB_IDENTITY_JWKS', log)
  await setting.refresh()
  secret.replace({ jwks: text })
  await setting.refresh()
  await setting.refresh()
  expect(setting.current()).toEqual({ keys: [] })
  expect(lines).toEqual([expect.stringMatching(/"EBB_IDENTITY_JWKS".* the value before it stays in use$/)])
  secret.replace({ jwks: '{"keys":[1]}' })
  await setting.refresh()
  expect(setting.current()).toEqual({ keys: [1] })
})

it('a file that goes away is one line, and read again when it is back', async () => {
  const { log, lines } = collectLines()
  const secret = mount({ redis: URLS[0] })
  const setting = liveSetting(parseConfig({ REDIS_URL_FILE: secret.file('redis') }), 'REDIS_URL', log)
  await setting.refresh()
  secret.replace({ other: '' })
  await setting.refresh()
  await setting.refresh()
  expect([setting.current(), lines.length]).toEqual([URLS[0], 1])
  secret.replace({ redis: URLS[1] })
  await setting.refresh()
  expect(setting.current()).toBe(URLS[1])
})

it('what nobody can use is not taken', async () => {
  const { log, lines } = collectLines()
  const secret = mount({ redis: URLS[0] })
  const setting = liveSetting(parseConfig({ REDIS_URL_FILE: secret.file('redis') }), 'REDIS_URL', log)
  setting.onChange(async () => {
    throw new Error('no such server')
  })
  secret.replace({ redis: URLS[1] })
  await setting.refresh()
  expect([setting.current(), lines.length]).toEqual([URLS[0], 1])
})

it('a file that is written in place is read when nothing more is written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ebb-secret-'))
  closers.push(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'redis')
  writeFileSync(file, URLS[0])
  const setting = liveSetting(parseConfig({ REDIS_URL_FILE: file }), 'REDIS_URL', collectLines().log)
  const taken: unknown[] = []
  setting.onChange((url) => taken.push(url))
  await setting.refresh()
  writeFileSync(file, URLS[1])
  await untilTrue(() => taken.length > 0, { what: 'the new address' })
  expect(taken).toEqual([URLS[1]])
})

it('a second value may come and go', async () => {
  const { log, lines } = collectLines()
  const secret = mount({ old: 'o'.repeat(32) })
  const setting = liveSetting(
    parseConfig({ EBB_KEY_PEPPER_PREVIOUS_FILE: secret.file('old') }),
    'EBB_KEY_PEPPER_PREVIOUS',
    log,
  )
  secret.replace({})
  await setting.refresh()
  expect(setting.current()).toBeUndefined()
  secret.replace({ old: 'n'.repeat(32) })
  await setting.refresh()
  expect([setting.current(), lines.filter((line) => line.includes('cannot'))]).toEqual(['n'.repeat(32), []])
})

it('what is overridden does not follow its file', async () => {
  const secret = mount({ redis: URLS[0] })
  const config = overrideConfig(parseConfig({ REDIS_URL_FILE: secret.file('redis') }), { REDIS_URL: undefined })
  expect(liveSetting(config, 'REDIS_URL', collectLines().log).current()).toBeUndefined()
})

it('a function’s own secret is the newest one whenever it is revealed', async () => {
  const { log } = collectLines()
  const secret = mount({ key: 'sk_first_1234' })
  const { STRIPE_KEY } = readSecrets(['STRIPE_KEY'], log, { env: { STRIPE_KEY_FILE: secret.file('key') } })
  expect(STRIPE_KEY?.reveal()).toBe('sk_first_1234')
  secret.replace({ key: 'sk_second_123\n' })
  await untilTrue(() => STRIPE_KEY?.reveal() === 'sk_second_123', { what: 'the new secret' })
  expect(redactSecrets('{"x":"sk_second_123"}')).toBe('{"x":"[redacted]"}')
})

it('each setting that says that it may change at run time is followed somewhere, and only these can be', () => {
  const live = Object.entries<Setting>(SETTINGS).flatMap(([name, [, , changes]]) => (changes ? [name] : []))
  const sources = ['src', 'services'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.includes('.test.'))
      .map((file) => readFileSync(join(root, file), 'utf8')),
  )
  const followed = new Set(
    sources.flatMap((text) => [...text.matchAll(/liveSetting\(\w+, '(\w+)'/g)].map(([, name]) => name)),
  )
  // By a variable: src/data/postgres/open-addresses.ts.
  expect(live.filter((name) => !followed.has(name))).toEqual(['DATABASE_DIRECT_URL'])
  // @ts-expect-error: PORT is read at the start.
  expect(liveSetting(parseConfig({}), 'PORT', collectLines().log).current()).toBe(8080)
})
