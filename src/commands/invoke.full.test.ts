import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { copyCheckout, functionFiles } from '../../test/support/checkout.ts'
import { spawnCli } from '../../test/support/cli.ts'
import { findProcesses, readMails } from '../../test/support/ebb.ts'
import { untilTrue } from '../../test/support/until.ts'

const database = testDatabase()

let home = ''
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'ebb-invoke-test-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

/** Its temporary files, and thereby the command line of what it starts, are below `home`. */
const start = (args: readonly string[], { env = {}, ...options }: Parameters<typeof spawnCli>[1] = {}) =>
  spawnCli(['invoke', ...args], {
    ...options,
    env: { EBB_HOME: home, TMPDIR: home, DATABASE_URL: database.url, ...env },
  })
const invoke = (...args: readonly string[]) => start(args).ended

async function leavesNothing() {
  expect(await findProcesses(home)).toEqual([])
  expect((await readdir(home)).filter((name) => name.startsWith('ebb-invoke-'))).toEqual([])
}

describe('ebb invoke', () => {
  it('runs an endpoint once: prints status, reply, log and times, and leaves no process', async () => {
    const { code, stdout, stderr } = await invoke('create-user', '--data', '{"email":"ada@example.com","name":"Ada"}')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^201 {2}answered in \d+ ms, after a cold start of \d+ ms\nlocation: \/v1\/users\/.+\n\{\n/)
    expect(stdout).toContain('"email": "ada@example.com"')
    expect(stdout).toMatch(/\{"level":"info",.*"caller":"invoke".*"msg":"request"\}/)
    await leavesNothing()
    const again = JSON.parse(
      (await invoke('create-user', '--data', '{"email":"ada@example.com","name":"Ada"}', '--json')).stdout,
    )
    expect(again).toMatchObject({ function: 'create-user', status: 409, reply: { error: 'email_taken' } })
  })

  it('calls as the given subject, with the scopes of a role or others', async () => {
    const statusOf = async (...as: readonly string[]) =>
      JSON.parse((await invoke('create-product', ...as, '--json')).stdout).status
    expect(await statusOf('--as', 'customer')).toBe(403)
    // What is made up for it is the lamp that the project begins with.
    expect(await statusOf('--as', 'merchant')).toBe(409)
    expect(await statusOf('--as', 'ada')).toBe(403)
    expect(await statusOf('--as', 'ben')).toBe(409)
    expect(await statusOf('--as', 'eve', '--scopes', 'other:read')).toBe(403)
    expect(await statusOf('--as', 'customer', '--scopes', 'products:write,products:read')).toBe(409)
  })

  it('delivers an event to a subscriber: sampled, from a file, or from stdin', async () => {
    const made = await invoke('send-welcome-email')
    expect([made.code, made.stdout.split(' ')[0]]).toEqual([0, '204'])
    expect((await readMails(home)).size).toBe(1)
    const data = {
      id: '0190b1c4-94a5-7d2c-8f43-0a1b2c3d4e5f',
      email: 'eve@example.com',
      name: 'Eve',
      createdAt: '2026-01-01T00:00:00Z',
    }
    const event = { specversion: '1.0', id: '1', source: '/users', type: 'user.created', data }
    await writeFile(join(home, 'event.json'), JSON.stringify(event))
    expect((await invoke('send-welcome-email', '--event', join(home, 'event.json'))).stdout).toMatch(/^204 /)
    expect([...(await readMails(home)).values()].join()).toContain('To: eve@example.com')
    const bad = await start(['send-welcome-email', '--event', '-'], { stdin: '{"name":"nobody"}' }).ended
    expect(bad.stdout).toMatch(/^400 [\s\S]*data\.email/)
    await leavesNothing()
  })

  it('explains that a database is missing, or cannot be reached', async () => {
    const none = await start(['list-products'], { env: { DATABASE_URL: '' } }).ended
    expect([none.code, none.stderr]).toEqual([
      1,
      'ebb: list-products needs a database: start Ebb with npm start and invoke it again, or set DATABASE_URL.\n',
    ])
    const away = await start(['list-products'], { env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' } }).ended
    expect([away.code, away.stdout.slice(0, 3)]).toEqual([1, '503'])
    await leavesNothing()
  })

  it.each([
    [[], 2, /^ebb: ebb invoke needs NAME\. /],
    [['nothing'], 1, /^ebb: there is no function nothing; there are cancel-order, confirm-order, /],
    [['list-products', '--data', '{'], 2, /^ebb: --data is not JSON: /],
    [['list-products', '--event', '-'], 1, /^ebb: list-products is no subscriber; give it --data\n$/],
    [
      ['send-welcome-email', '--as', 'customer'],
      1,
      /^ebb: only the relay calls send-welcome-email: leave --as and --scopes out\n$/,
    ],
    [['send-welcome-email', '--event', '/no/such'], 1, /^ebb: ENOENT: no such file/],
  ])('explains what is wrong with %j', async (args, status, sentence) => {
    const { code, stderr } = await invoke(...args)
    expect(code).toBe(status)
    expect(stderr).toMatch(sentence)
  })
})

describe('a function that misbehaves', () => {
  let checkout: Awaited<ReturnType<typeof copyCheckout>>
  beforeAll(async () => {
    checkout = await copyCheckout({
      ...functionFiles('get-pid', 'return { pid: process.pid }'),
      ...functionFiles('throw-up', "throw new Error('not like this')"),
      ...functionFiles(
        'crash-once',
        "console.error('so long'); process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})",
      ),
      ...functionFiles('wait-long', 'await new Promise((resolve) => setTimeout(resolve, 60_000)); return { pid: 0 }'),
      ...functionFiles('never-start', 'return { pid: 0 }'),
      'functions/never-start/index.ts': "throw new Error('there is no such thing')",
      ...functionFiles('not-compile', 'return { pid: 1 + }'),
    })
  })
  afterAll(() => checkout.remove())
  const run = (name: string) => start([name], { root: checkout.root, env: { DATABASE_URL: '' } })

  it('needs no database if it uses none', async () => {
    const { code, stdout } = await run('get-pid').ended
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^200 [\s\S]*"pid": \d+/)])
  })

  it('500 exits with 1, and its log explains why', async () => {
    const { code, stdout } = await run('throw-up').ended
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^500 [\s\S]*not like this/)])
  })

  it.each([
    ['crash-once', /^ebb: crash-once ended without a response\.\nso long\n$/],
    ['never-start', /^ebb: never-start does not start: [\s\S]*there is no such thing/],
    ['not-compile', /^ebb: [\s\S]*handler\.ts:[\s\S]*return \{ pid: 1 \+ \}/],
  ])('%s is reported in one sentence, and leaves no process', async (name, sentence) => {
    const { code, stderr } = await run(name).ended
    expect([code, stderr]).toEqual([1, expect.stringMatching(sentence)])
    await leavesNothing()
  })

  it.each(['SIGINT', 'SIGKILL'] as const)('%s during a request leaves no process', async (signal) => {
    const cli = run('wait-long')
    await untilTrue(async () => (await findProcesses('wait-long-')).length > 0)
    cli.child.kill(signal)
    const { code } = await cli.ended
    expect(code).toBe(signal === 'SIGINT' ? 1 : null)
    await untilTrue(async () => (await findProcesses(home)).length === 0)
    if (signal === 'SIGINT') await leavesNothing()
  })
})
