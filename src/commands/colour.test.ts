import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { findProgram } from '../../test/support/find-program.ts'
import { describeWhere } from '../../test/support/requirements.ts'

const ESCAPE = '\u001b['
const PROGRAM = `
  const { paint } = await import(${JSON.stringify(resolve('src/dev/paint.ts'))})
  process.stdout.write(paint('red', 'FAIL') + '\\n')`
const run = promisify(execFile)

/** What a process prints that paints a text red. */
async function painted(env: Readonly<Record<string, string>>, { isTerminal = false } = {}): Promise<string> {
  const all = { PATH: process.env.PATH, TERM: 'xterm-256color', NODE: process.execPath, PROGRAM, ...env }
  const program = '"$NODE" --input-type=module --eval "$PROGRAM" 2>/dev/null'
  const [file, args] = isTerminal ? ['script', ['-qec', program, '/dev/null']] : ['sh', ['-c', program]]
  return (await run(file, args, { env: all })).stdout.trim()
}

const RED = `${ESCAPE}31mFAIL${ESCAPE}39m`

describeWhere(findProgram('script') ? undefined : 'no script on PATH')('a terminal', () => {
  it('has colour', async () => {
    expect(await painted({}, { isTerminal: true })).toBe(RED)
    expect(await painted({ NO_COLOR: '' }, { isTerminal: true })).toBe(RED)
  })

  it('has none with NO_COLOR, whatever else is set, and none where it is dumb', async () => {
    expect(await painted({ NO_COLOR: '1' }, { isTerminal: true })).toBe('FAIL')
    expect(await painted({ NO_COLOR: '1', FORCE_COLOR: '1' }, { isTerminal: true })).toBe('FAIL')
    expect(await painted({ TERM: 'dumb' }, { isTerminal: true })).toBe('FAIL')
  })
})

describe('what is no terminal', () => {
  it('has no colour, unless FORCE_COLOR asks for it', async () => {
    expect(await painted({})).toBe('FAIL')
    expect(await painted({ FORCE_COLOR: '1' })).toBe(RED)
    expect(await painted({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe('FAIL')
  })
})

it('nothing is coloured but by paint, which knows that', () => {
  const sources = globSync('{src,services}/**/*.ts', { exclude: ['**/*.test.ts'] })
  const coloured = sources.filter((file) => /styleText\(|\\(u001b|x1b)\[[\d;]*m/.test(readFileSync(file, 'utf8')))
  expect(coloured).toEqual(['src/dev/paint.ts'])
})
