import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'

/** What a process logs that says this, by its lines. */
function logged(script: string, env: Readonly<Record<string, string>> = {}): readonly Record<string, unknown>[] {
  const kernel = resolve('src/kernel/index.ts')
  const text = `import { createLog, processConfig, readSecrets } from ${JSON.stringify(kernel)}
    processConfig()
    const log = createLog({ service: 'test' })
    ${script}`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    ...{ encoding: 'utf8', env: { PATH: process.env.PATH, ...env } },
  })
  expect(stderr).toBe('')
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}
const HIDDEN = '[redacted]'

describe('a log line', () => {
  it('hides what has the name of a secret, from the top to the bottom', () => {
    const [line] = logged(`
      const deep = { list: [{ map: new Map([['Set-Cookie', 'x1']]), clientSecret: 'x2', 'X-API-Key': 'x3' }] }
      log.info({ password: 'x4', authorization: 'x5', cookie: 'x6', deep, user: 'ada', tokens: 3 })`)
    expect(line).toMatchObject({
      ...{ password: HIDDEN, authorization: HIDDEN, cookie: HIDDEN, user: 'ada' },
      deep: { list: [{ map: { 'Set-Cookie': HIDDEN }, clientSecret: HIDDEN, 'X-API-Key': HIDDEN }] },
    })
    expect(JSON.stringify(line)).not.toMatch(/x\d/)
  })

  it('hides it in what a child says of all its lines', () => {
    expect(logged(`log.child({ session: { token: 'x1' } }).info({ a: 1 }, 'said')`)).toEqual([
      expect.objectContaining({ session: { token: HIDDEN }, a: 1, msg: 'said' }),
    ])
  })

  it('logs of an error its type, message, stack, code and cause, and nothing else', () => {
    const [line] = logged(`
      const command = { name: 'set', args: ['session:7', 'very-secret'] }
      const config = { headers: { authorization: 'very-secret' } }
      const cause = Object.assign(new TypeError('inside'), { code: '23505', detail: 'Key (email)=(very-secret)', where: 'very-secret' })
      log.error({ err: Object.assign(new Error('outside', { cause }), { command, config, code: 'E_OUT' }), more: [cause] }, 'failed')`)
    const stack = expect.stringContaining('at ')
    const inside = { type: 'TypeError', message: 'inside', stack, code: '23505' }
    expect(line?.err).toEqual({ type: 'Error', message: 'outside', stack, code: 'E_OUT', cause: inside })
    expect(line?.more).toEqual([inside])
    expect(JSON.stringify(line)).not.toContain('very-secret')
  })

  it('logs each cause of several', () => {
    const [line] = logged(`log.error({ err: new AggregateError([new Error('one'), 'two']) }, 'failed')`)
    expect(line?.err).toMatchObject({ type: 'AggregateError', cause: [{ message: 'one' }, 'two'] })
  })

  it('logs what was thrown, whatever it is', () => {
    const thrown: readonly [string, object][] = [
      [`'quota of tenant 7 used up'`, { type: 'string', message: 'quota of tenant 7 used up' }],
      [
        `{ code: 'quota', tenant: 7, password: 'x' }`,
        { type: 'Object', message: `{ code: 'quota', tenant: 7, password: '[redacted]' }` },
      ],
      ['undefined', { type: 'undefined', message: 'undefined' }],
      ['null', { type: 'object', message: 'null' }],
      ['0', { type: 'number', message: '0' }],
      ['10n', { type: 'bigint', message: `'10'` }],
      [`Symbol('x')`, { type: 'symbol', message: 'Symbol(x)' }],
      ['Math.max', { type: 'function', message: '[Function: max]' }],
      ['Object.create(null)', { type: 'Object', message: '{}' }],
      ['new (class Quota { tenant = 7 })()', { type: 'Quota', message: '{ tenant: 7 }' }],
      [`{ get a() { throw new Error('no') } }`, { type: 'Object', message: `'[unreadable]'` }],
      [`new Proxy({}, { get() { throw new Error('no') } })`, { type: 'object', message: '[unreadable]' }],
      [`(() => { const ring = {}; ring.ring = ring; return [ring] })()`, { type: 'Array' }],
    ]
    const lines = logged(thrown.map(([value]) => `log.error({ err: ${value} }, 'failed')`).join('\n'))
    expect(lines.map(({ err }) => err)).toMatchObject(thrown.map(([, logged]) => logged))
  })

  it('hides keys, tokens and credentials wherever they stand', () => {
    const key = `ebb_live_${'a'.repeat(32)}_0123abcd`
    const jwt = `eyJ${'a'.repeat(20)}.e30.${'b'.repeat(40)}`
    const env = {
      DATABASE_URL: 'postgres://ebb:db-p%40ssword-1@localhost/ebb',
      EBB_ADMIN_KEY: 'an-admin-key-of-ours',
      PAY_KEY: 'pay-"quoted"-key',
    }
    const lines = logged(
      `readSecrets(['PAY_KEY'], log)
      log.error({ err: new Error('asked ${key} and ${jwt}, Authorization: Bearer abcdefghijklmnop1234') }, 'key ${key}')
      log.child({ said: 'an-admin-key-of-ours' }).info({ url: process.env.DATABASE_URL, list: ['db-p@ssword-1', process.env.PAY_KEY] })
      log.info('postgres at localhost')`,
      env,
    )
    expect(JSON.stringify(lines)).not.toMatch(/ebb_live_a|eyJa|abcdefgh|admin-key|ssword|pay-/)
    expect(lines[1]).toMatchObject({ said: HIDDEN, url: `postgres://${HIDDEN}@localhost/ebb`, list: [HIDDEN, HIDDEN] })
    expect(lines[2]).toMatchObject({ msg: 'postgres at localhost' })
  })
})
