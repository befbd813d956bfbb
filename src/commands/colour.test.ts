import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { spawnCli } from '../../test/support/cli.ts'
import { findProgram } from '../../test/support/find-program.ts'
import { cliIn } from '../../test/support/project.ts'
import { itWhere } from '../../test/support/requirements.ts'
import { startMock } from '../dev/mock/start-mock.ts'

let mock: Awaited<ReturnType<typeof startMock>>
beforeAll(async () => {
  mock = await startMock({}, { port: 0, seed: '1' })
})
afterAll(() => mock.stop())

const ESCAPE = '\u001b['

/** What `ebb check` prints on a terminal, or without one. */
async function check({ isTerminal = false, env = {} }: { isTerminal?: boolean; env?: Record<string, string> }) {
  const args = ['check', '--url', mock.url]
  if (!isTerminal) return (await spawnCli(args, { env }).ended).stdout
  const { cli, cwd } = cliIn()
  const command = [process.execPath, cli, ...args].map((part) => `'${part}'`).join(' ')
  const { stdout } = await promisify(execFile)('script', ['-qec', `${command} || true`, '/dev/null'], {
    cwd,
    env: { PATH: process.env.PATH, TERM: 'xterm-256color', EBB_ENV_FILE: '/dev/null', ...env },
  })
  return stdout
}

itWhere(findProgram('script') ? undefined : 'no script on PATH')(
  'colour is for terminals, and for none with NO_COLOR',
  async () => {
    expect(await check({ isTerminal: true })).toContain(`${ESCAPE}31mFAIL${ESCAPE}39m`)
    for (const env of [{ NO_COLOR: '1' }, { NO_COLOR: '1', FORCE_COLOR: '1' }]) {
      const plain = await check({ isTerminal: true, env })
      expect(plain).toContain('FAIL  its endpoints')
      expect(plain).not.toContain(ESCAPE)
    }
  },
)

it('what is no terminal gets none, unless FORCE_COLOR asks for it', async () => {
  expect(await check({})).not.toContain(ESCAPE)
  expect(await check({ env: { FORCE_COLOR: '1' } })).toContain(ESCAPE)
  expect(await check({ env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).not.toContain(ESCAPE)
})

it('nothing is coloured but by paint, which knows that', () => {
  const sources = globSync('{src,services}/**/*.ts', { exclude: ['**/*.test.ts'] })
  const coloured = sources.filter((file) => /styleText\(|\\u001b\[|\\x1b\[/.test(readFileSync(file, 'utf8')))
  expect(coloured).toEqual(['src/dev/paint.ts'])
})
