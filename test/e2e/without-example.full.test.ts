import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { spawnCli } from '../support/cli.ts'
import { startEbb } from '../support/ebb.ts'
import { findProgram } from '../support/find-program.ts'
import { itWhere } from '../support/requirements.ts'
import { untilTrue } from '../support/until.ts'

const run = promisify(execFile)
// Each of these compiles the whole checkout.
jest.setTimeout(900_000)

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

/** What a program prints. Throws with all that it printed where it fails. */
async function outputOf(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(program, [...args], { cwd: root, maxBuffer: 16 * 1024 * 1024 })).stdout
  } catch (cause) {
    const { stdout = '', stderr = '' } = Object(cause)
    throw new Error(`${program} failed\n${stdout}${stderr}`, { cause })
  }
}
const bin = (name: string) => resolve('node_modules/.bin', name)

describe('without the example in functions/ and domain/', () => {
  it('the types fit', async () => expect(await outputOf(bin('tsc'), [])).toBe(''))

  it('ebb render writes files that are then as the contracts say', async () => {
    const written = await spawnCli(['render'], { root }).ended
    expect([written.code, written.stderr]).toEqual([0, ''])
    const rendered = await spawnCli(['render', '--check'], { root }).ended
    expect(rendered).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('ebb build makes the image that migrates, and that of the gateway', async () => {
    const { code, stderr } = await spawnCli(['build', 'migrate', 'gateway'], { root }).ended
    expect([code, stderr]).toEqual([0, ''])
  })

  it('tests pass that look at the sources of the example, where there are any', async () => {
    await outputOf('npm', ['test', '--', 'test/layers', 'test/example'])
  })

  it('ebb dev answers 404 to what no function takes, and serves one that is added', async () => {
    const ebb = await startEbb({ root, dataDir: join(root, '.ebb') })
    try {
      const response = await ebb.call('GET', '/v1/nothing', { key: '' })
      expect([response.status, await response.json()]).toMatchObject([404, { error: 'not_found' }])
      expect((await spawnCli(['new', 'say-hello'], { root, env: { EBB_HOME: join(root, '.ebb') } }).ended).code).toBe(0)
      const hello = () => ebb.call('POST', '/v1/say-hello', { key: '', body: { name: 'Ada' } })
      await untilTrue(async () => (await hello()).status === 200, { what: 'the new function' })
    } finally {
      await ebb.stop()
    }
  })

  itWhere(findProgram('helm') ? undefined : 'no helm on PATH')('the chart renders', async () => {
    const options = ['--set', 'generateSecrets=always', '--kube-version', '1.30.0']
    expect(await outputOf('helm', ['template', 'ebb', 'charts/ebb', ...options])).toContain('kind: Deployment')
  })
})
