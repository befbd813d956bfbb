import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyCheckout } from '../../test/support/checkout.ts'

const run = promisify(execFile)
let checkout: Awaited<ReturnType<typeof copyCheckout>>
beforeAll(async () => {
  checkout = await copyCheckout()
})
afterAll(() => checkout.remove())

const ebb = (...args: readonly string[]) =>
  run('node', [join(checkout.root, 'src/cli.ts'), ...args], { cwd: checkout.root }).then(
    ({ stdout }) => stdout,
    ({ stderr }: { stderr: string }) => stderr,
  )
const functions = async () => (await readdir(join(checkout.root, 'functions'))).sort()

describe('ebb new', () => {
  it.each([
    ['say-hello', []],
    ['list-things', []],
    ['get-thing', []],
    ['update-thing', []],
    ['remove-thing', []],
    ['search-thing', ['--method', 'post', '--path', '/v1/things/search']],
    ['count-users', ['--on', 'user.created']],
    ['check-partner', ['--authorizer']],
    ['take-hooks', ['--receive', 'github']],
  ])('writes %s %j with a valid contract', async (name, flags) => {
    const before = await functions()
    expect(await ebb('new', name, ...flags)).toContain(`functions/${name}/handler.test.ts`)
    expect(await functions()).toEqual([...before, name].sort())
    const contract = join(checkout.root, 'functions', name, 'contract.ts')
    const { stdout } = await run('node', [
      '-e',
      `import(${JSON.stringify(contract)}).then((m) => console.log(m.default.name))`,
    ])
    expect(stdout.trim()).toBe(name)
  })

  it('writes a proxy, which is its contract alone', async () => {
    const before = await functions()
    const written = await ebb('new', 'old-wiki', '--proxy', 'http://localhost:8081')
    expect([written.trim().split('\n')[0], await functions()]).toEqual([
      'functions/old-wiki/contract.ts',
      [...before, 'old-wiki'].sort(),
    ])
    expect(written).not.toContain('handler')
    expect(await ebb('invoke', 'old-wiki')).toMatch(/^ebb: old-wiki is a proxy: it has no handler/)
    expect(await ebb('build', 'old-wiki')).toMatch(/^ebb: old-wiki is a proxy/)
    expect(await ebb('new', 'old-shop', '--proxy', 'localhost')).toMatch(/upstream\.url must be an http/)
    expect(await ebb('new', 'old-shop', '--proxy', 'http://a', '--on', 'user.created')).toMatch(/leave --method/)
  })

  it('copies an endpoint as its next version, which the old one names', async () => {
    const before = await functions()
    expect((await ebb('new', 'get-order-v2', '--from', 'get-order')).split('\n')).toEqual(
      expect.arrayContaining(['functions/get-order-v2/contract.ts', 'functions/get-order/contract.ts']),
    )
    expect(await functions()).toEqual([...before, 'get-order-v2'].sort())
    const read = (file: string) => readFile(join(checkout.root, 'functions', file), 'utf8')
    expect(await read('get-order-v2/contract.ts')).toMatch(/name: 'get-order-v2',[\s\S]*path: '\/v2\/orders\/\{/)
    expect(await read('get-order-v2/index.ts')).toContain('serve(getOrderV2)')
    const today = new Date().toISOString().slice(0, 10)
    expect(await read('get-order/contract.ts')).toContain(`deprecated: { since: '${today}', use: 'get-order-v2' },`)
    expect(await ebb('new', 'get-order-v3', '--from', 'get-order')).toMatch(/^ebb: get-order is deprecated already/)
    expect(await ebb('new', 'get-thing-v2', '--from', 'get-nothing')).toMatch(
      /^ebb: functions\/get-nothing is no endpoint/,
    )
    expect(await ebb('new', 'get-user-v2', '--from', 'get-user', '--method', 'PUT')).toMatch(/leave all but --from/)
  })

  it('refuses an invalid name, an existing one, and an undeclared event', async () => {
    expect(await ebb('new', 'take-more', '--receive', 'gitlab')).toMatch(
      /provider "gitlab" must be one of github, stripe, standard/,
    )
    expect(await ebb('new', 'take-more', '--receive', 'github', '--on', 'user.created')).toMatch(
      /leave all but --receive/,
    )
    expect(await ebb('new', 'follow-users', '--change', 'users', '--on', 'user.created')).toMatch(
      /leave all but --change/,
    )
    expect(await ebb('new', 'follow-users', '--change', 'users')).toMatch(/^ebb: no Ebb runs here; start it/)
    expect(await ebb('new', 'Hello')).toMatch(/^ebb: "Hello" is not a verb-noun/)
    expect(await ebb('new', 'create-user')).toMatch(/^ebb: functions\/create-user exists already/)
    expect(await ebb('new', 'count-moons', '--on', 'moon.risen')).toMatch(
      /^ebb: no file of domain\/ declares the event moon\.risen; there are .*user\.created/,
    )
  })

  it.each([
    ['a method that is none', ['foo-bar', '--method', 'TRACE'], /method must be one of GET, POST/],
    ['a path that is none', ['foo-bar', '--path', 'nope'], /path/],
    ['a path that is no text of TypeScript', ['foo-bar', '--path', "/v1/it's"], /./],
    [
      'requests that another one answers',
      ['foo-bar', '--method', 'POST', '--path', '/v1/users'],
      /functions\/create-user already/,
    ],
  ])('writes nothing for %s', async (_what, args, sentence) => {
    const before = await functions()
    const refusal = await ebb('new', ...args)
    expect(refusal).toMatch(/^ebb: foo-bar would not be valid, and nothing was written: /)
    expect(refusal).toMatch(sentence)
    expect(await functions()).toEqual(before)
  })

  it('writes one while another one is broken', async () => {
    await mkdir(join(checkout.root, 'functions/get-sun'))
    await writeFile(join(checkout.root, 'functions/get-sun/contract.ts'), 'export default 7')
    await mkdir(join(checkout.root, 'functions/get-star'))
    await writeFile(
      join(checkout.root, 'functions/get-star/contract.ts'),
      `import { endpoint } from 'ebb/contract'
      export default endpoint({
        name: 'get-star', summary: 'A star.', method: 'GET', path: '/v1/star', access: {}, reply: { status: 204 },
        calls: ['get-sun'], deprecated: { since: '2026-11-30', use: 'get-sun' },
      })`,
    )
    expect(await ebb('new', 'get-moon')).toContain('npm start serves it.')
    for (const name of ['get-sun', 'get-star', 'get-moon'])
      await rm(join(checkout.root, 'functions', name), { recursive: true })
  })

  it('writes tests that pass', async () => {
    const { root } = checkout
    const made = ['say-hello', 'get-thing', 'update-thing', 'count-users']
    const jest = ['--experimental-vm-modules', join(process.cwd(), 'node_modules/jest/bin/jest.js')]
    const options = { cwd: root, env: { ...process.env, NODE_OPTIONS: '' } }
    const { stderr } = await run(
      'node',
      [...jest, '--config', JSON.stringify(await jestConfig(root)), ...made],
      options,
    )
    expect(stderr).toMatch(new RegExp(`Test Suites: ${made.length} passed, ${made.length} total`))
  })
})

/** The run's own settings, without its own start, order and summary: the database server is there already. */
async function jestConfig(rootDir: string) {
  const { default: config } = await import('../../jest.config.ts')
  const { globalSetup: _start, globalTeardown: _stop, reporters: _summary, testSequencer: _order, ...rest } = config
  return { ...rest, rootDir }
}

describe('ebb remove', () => {
  it('removes a function that nothing imports, and lists what needs the others', async () => {
    expect(await ebb('remove', 'say-hello')).toBe('functions/say-hello is removed\n')
    expect(await functions()).not.toContain('say-hello')
    const refusal = await ebb('remove', 'create-user')
    expect(refusal).toMatch(/^ebb: create-user stays, since these need it/)
    expect(refusal).toContain('functions/send-welcome-email  subscribes to what only create-user emits')
    expect(await functions()).toContain('create-user')
    expect(await ebb('remove', 'create-user', '--force')).toMatch(/^functions\/create-user is removed/)
    expect(await ebb('remove', 'create-user')).toMatch(
      /^ebb: there is no function create-user; there are cancel-order, /,
    )
  })

  it('and new print what they did as JSON', async () => {
    const made = JSON.parse(await ebb('new', 'say-bye', '--json'))
    expect(made).toMatchObject({ function: 'say-bye', outcome: 'not-running' })
    expect(made.files).toContain('functions/say-bye/handler.test.ts')
    expect(JSON.parse(await ebb('remove', 'say-bye', '--json'))).toEqual({
      ...{
        function: 'say-bye',
        orphans: [],
        imports: [],
        judged: [],
        mentions: [],
        waiting: { deliveries: 0, invocations: 0 },
      },
    })
  })

  it('removes one with a broken contract while another one is broken, and lists where its name remains', async () => {
    const broken = 'export default 7'
    for (const name of ['get-moon', 'get-sun']) {
      await mkdir(join(checkout.root, 'functions', name))
      await writeFile(join(checkout.root, 'functions', name, 'contract.ts'), broken)
    }
    await writeFile(join(checkout.root, 'README.md'), 'See get-moon.\n')
    expect(await ebb('remove', 'get-moon')).toBe('functions/get-moon is removed\nIts name is still in README.md.\n')
    expect(await functions()).not.toContain('get-moon')
    expect(await ebb('build')).toMatch(/^ebb: functions\/get-sun\/contract.ts: its default export must be/)
    expect(await ebb('remove', 'get-sun')).toBe('functions/get-sun is removed\n')
  })
})
