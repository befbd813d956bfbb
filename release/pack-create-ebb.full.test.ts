import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { packCreateEbb } from './pack-create-ebb.ts'

const execute = promisify(execFile)
/** Without the Node that comes with the packages: with whichever one the machine has. */
const PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((path) => !path.includes('node_modules'))
  .join(delimiter)
const run = async (program: string, ...args: readonly string[]) =>
  (await execute(program, args, { cwd: folder, env: { ...process.env, PATH } })).stdout

let folder: string
let packed: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'create-ebb-'))
  packed = await packCreateEbb(join(folder, 'out'))
  await execute('tar', ['xzf', packed, '-C', folder])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the tarball of npm create ebb', () => {
  it('has the same bytes when it is packed again, and needs neither packages nor scripts', async () => {
    const again = await packCreateEbb(join(folder, 'again'))
    expect((await readFile(again)).equals(await readFile(packed))).toBe(true)
    const manifest = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8'))
    expect([manifest.dependencies, manifest.scripts, manifest.engines]).toEqual([
      undefined,
      undefined,
      { node: '>=20' },
    ])
    const main = await readFile(join(folder, 'package/main.cjs'), 'utf8')
    const required = [...main.matchAll(/require\("([^"]+)"\)/g)].map(([, name = '']) => name)
    expect(required.filter((name) => !name.startsWith('node:'))).toEqual([])
  })

  it('creates a project of its own version, on the Node of the machine', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'))
    const created = await run('npx', '--yes', '--package', packed, 'create-ebb', 'my-api', '--no-install', '--no-git')
    expect(created).toMatch(/^my-api is ready\.\n/)
    const { dependencies } = JSON.parse(await readFile(join(folder, 'my-api/package.json'), 'utf8'))
    expect(dependencies.ebb).toBe(version)
    await run(
      'npx',
      '--yes',
      '--package',
      packed,
      'create-ebb',
      'my-shop',
      '--no-install',
      '--no-git',
      '--example=shop',
    )
    expect(await readFile(join(folder, 'my-shop/functions/place-order/contract.ts'), 'utf8')).toContain('endpoint(')
  })

  it('lists its options, and says in one sentence what is wrong', async () => {
    const main = join(folder, 'package/create-ebb.cjs')
    const help = await run('node', main, '--help')
    expect(help).toMatch(/^Usage: npm create ebb -- \[FOLDER\] \[options\]\n[\s\S]*\n {2}npm create ebb -- my-api\n/)
    expect(help).not.toMatch(/(npx|usage:) ebb/i)
    await expect(run('node', main, 'my-api', '--exmple', 'shop')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^create-ebb: npm create ebb -- has no option --exmple; did you mean --example\? /),
    })
    await expect(run('node', main, 'My_API')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^create-ebb: "My_API" is no name for npm and DNS: .*\n$/),
    })
  })

  it('says which Node it needs on one that is older', async () => {
    const asOld = `Object.defineProperty(process.versions, 'node', { value: '18.20.8' }); require(${JSON.stringify(join(folder, 'package/create-ebb.cjs'))})`
    await expect(run('node', '--eval', asOld)).rejects.toMatchObject({
      code: 1,
      stderr: 'create-ebb: this is Node 18, and Ebb is installed by Node 20 or later: https://nodejs.org\n',
    })
  })
})
