import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawnCli } from '../support/cli.ts'
import { startEbb } from '../support/ebb.ts'
import { findProgram } from '../support/find-program.ts'
import { itWhere } from '../support/requirements.ts'

const run = promisify(execFile)
const OF_THE_EXAMPLE = /^(functions|domain)\//

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ebb-without-example-'))
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  const files = stdout.split('\0').filter((file) => file !== '' && !OF_THE_EXAMPLE.test(file))
  for (const folder of new Set(files.map((file) => dirname(file)))) await mkdir(join(root, folder), { recursive: true })
  // What git still lists may be gone.
  for (const file of files) await cp(file, join(root, file)).catch(ignoreAbsent)
  await symlink(resolve('node_modules'), join(root, 'node_modules'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

function ignoreAbsent(error: unknown): void {
  if (Object(error).code !== 'ENOENT') throw error
}

/** What a program prints, and how it ends. */
const printed = (program: string, args: readonly string[]) =>
  run(program, [...args], { cwd: root, maxBuffer: 16 * 1024 * 1024 }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout, stderr }) => ({ code: Number(code), stdout: `${stdout}${stderr}` }),
  )
const bin = (name: string) => resolve('node_modules/.bin', name)

describe('without the example in functions/ and domain/', () => {
  it('the types fit', async () => expect(await printed(bin('tsc'), [])).toEqual({ code: 0, stdout: '' }))

  it('nothing is dead code', async () => expect(await printed(bin('knip'), [])).toMatchObject({ code: 0 }))

  it('ebb render writes files that are then as the contracts say', async () => {
    const removed = await spawnCli(['render'], { root }).ended
    expect([removed.code, removed.stderr]).toEqual([0, ''])
    const rendered = await spawnCli(['render', '--check'], { root }).ended
    expect(rendered).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('ebb build makes the image that migrates, and that of the gateway', async () => {
    const { code, stderr } = await spawnCli(['build', 'migrate', 'gateway'], { root }).ended
    expect([code, stderr]).toEqual([0, ''])
  })

  it('the tests of what was rendered, and of the layers, pass', async () => {
    const jest = ['--experimental-vm-modules', resolve('node_modules/jest/bin/jest.js')]
    const { code, stdout } = await printed(bin('node'), [...jest, 'test/layers', 'test/render', 'test/example'])
    expect({ code, stdout }).toMatchObject({ code: 0 })
  })

  it('ebb dev answers 404 to what no function takes, and serves one that is added', async () => {
    const ebb = await startEbb({ root, dataDir: join(root, '.ebb') })
    try {
      const response = await ebb.call('GET', '/v1/nothing', { key: '' })
      expect([response.status, await response.json()]).toMatchObject([404, { error: 'not_found' }])
      expect((await spawnCli(['new', 'say-hello'], { root, env: { EBB_HOME: join(root, '.ebb') } }).ended).code).toBe(0)
      expect((await ebb.call('POST', '/v1/say-hello', { key: '', body: { name: 'Ada' } })).status).toBe(200)
    } finally {
      await ebb.stop()
    }
  })

  itWhere(findProgram('helm') ? undefined : 'no helm on PATH')('the chart renders', async () => {
    const { code, stdout } = await printed('helm', [
      ...['template', 'ebb', 'charts/ebb', '--set', 'generateSecrets=always', '--kube-version', '1.30.0'],
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('kind: Deployment') })
  })
})
