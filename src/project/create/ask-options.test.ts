import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, expect } from '@jest/globals'
import { findProgram } from '../../../test/support/find-program.ts'
import { itWhere } from '../../../test/support/requirements.ts'

const script = findProgram('script')
const itOnATerminal = itWhere(script ? undefined : 'no script on PATH')

const CTRL_D = '\x04'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-ask-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Runs `ebb create` on a terminal, with an answer to each of its questions. */
async function onTerminal(args: string, answers: readonly string[]): Promise<string> {
  const command = `${process.execPath} ${resolve('src/cli.ts')} create ${args}`
  const child = spawn(script ?? '', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: folder })
  let shown = ''
  let answered = 0
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown = stripVTControlCharacters(shown + chunk)
    // Each question ends with what holds if nothing is answered.
    const asked = shown.match(/ \([\w-]+\): /g)?.length ?? 0
    if (asked > answered) child.stdin.write(answers[answered++] ?? CTRL_D)
  })
  await once(child, 'close')
  return shown.replaceAll('\r', '')
}

itOnATerminal('asks for what is not given, until the answers can be used', async () => {
  const shown = await onTerminal('--no-install --no-git', ['My API\n', 'My API\n', 'our-api\n', 'blog\n', '\n'])
  expect(shown).toMatch(
    /Folder \(my-api\)[\s\S]*Name, for npm and DNS \(my-api\)[\s\S]*"My API" is no name[\s\S]*our-api is ready/,
  )
  expect(JSON.parse(await readFile(join(folder, 'My API/package.json'), 'utf8')).name).toBe('our-api')
})

itOnATerminal('asks nothing with --yes, and writes nothing where the questions are not answered', async () => {
  expect(await onTerminal('a --yes --no-install --no-git', [])).toMatch(/^a is ready/)
  expect(await onTerminal('b', [])).toContain('the questions were not answered, and nothing was written')
  expect(await readdir(folder)).toEqual(['a'])
})
