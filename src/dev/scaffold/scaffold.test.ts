import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyCheckout } from '../../../test/support/checkout.ts'

const run = promisify(execFile)
let checkout: Awaited<ReturnType<typeof copyCheckout>>
beforeAll(async () => {
  checkout = await copyCheckout()
})
afterAll(() => checkout.remove())

const ebb = (...args: readonly string[]) =>
  run('node', [join(checkout.root, 'src/cli.ts'), ...args]).then(
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
  ])('writes %s %j, which is a good contract', async (name, flags) => {
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

  it('refuses a name that is none, one that is taken, and an event that nobody declares', async () => {
    expect(await ebb('new', 'Hello')).toMatch(/^ebb: "Hello" is no verb-noun/)
    expect(await ebb('new', 'create-user')).toMatch(/^ebb: functions\/create-user is there already/)
    expect(await ebb('new', 'count-moons', '--on', 'moon.risen')).toMatch(
      /^ebb: no file of domain\/ declares the event moon\.risen; there are .*user\.created/,
    )
  })

  it('writes tests that pass, and types that hold', async () => {
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

/** The run's own settings, without its own start: the database server is there already. */
async function jestConfig(rootDir: string) {
  const { default: config } = await import('../../../jest.config.ts')
  const { globalSetup: _start, globalTeardown: _stop, ...rest } = config
  return { ...rest, rootDir }
}

describe('ebb remove', () => {
  it('removes what nothing refers to, and says where the rest is referred to', async () => {
    expect(await ebb('remove', 'say-hello')).toBe('functions/say-hello is removed\n')
    expect(await functions()).not.toContain('say-hello')
    const refusal = await ebb('remove', 'create-user')
    expect(refusal).toMatch(/^ebb: create-user stays, since these refer to it/)
    expect(refusal).toContain('functions/send-welcome-email  hears of what only create-user emits')
    expect(await functions()).toContain('create-user')
    expect(await ebb('remove', 'create-user', '--force')).toMatch(/^functions\/create-user is removed/)
    expect(await ebb('remove', 'create-user')).toBe('ebb: there is no function create-user\n')
  })
})
