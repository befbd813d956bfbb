import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { promisify, stripVTControlCharacters } from 'node:util'
import { expect } from '@jest/globals'
import { type Step, toPattern } from './console-steps.ts'
import { findProgram } from './find-program.ts'
import { untilTrue } from './until.ts'

const shell = promisify(execFile)
const terminal = findProgram('script')

/** Where commands are pasted, and which Ebb runs there. */
export interface Place {
  readonly root: string
  readonly ready: () => { readonly url: string; readonly admin: string }
  /** Whether programs of the project's packages run without npx; default: false. */
  readonly isDirect?: boolean
  /** Gets each process that a command ending with & begins, to end it. */
  readonly onBackground?: (child: ChildProcess) => void
}

/** Only these go on in the background after the command is over: a person who reads is slower than a shell. */
const BACKGROUND =
  /ebb (events|schedules) list|ebb cost|ebb check --url|\.ebb\/mail|localhost:8080\$AT|wakeups_avoided|cache-status|received\.txt$|\/deliveries/

/** What this machine lacks of what a command needs beyond npm; a page's other commands never need its result. */
export const lackedBy = ({ command }: Step): string | undefined =>
  command.startsWith('psql') && !findProgram('psql') ? 'no psql on PATH' : undefined

/** Pastes commands one after the other, as into one shell, and compares what they print with what the page says. */
export function createPaste({ root, ready, isDirect = false, onBackground }: Place) {
  let before = ''

  /** Runs a command after those before it, against the Ebb of this test instead of the one on port 8080. */
  async function paste(command: string): Promise<string> {
    const here = command
      .replaceAll('localhost:8080', new URL(ready().url).host)
      .replaceAll('localhost:8081', new URL(ready().admin).host)
      // That it starts under the debugger is meant; the tests of functions run by themselves.
      .replace('--runInBand', '--listTests')
      // What npx would find there, a second sooner; the README's tour asks npx itself.
      .replaceAll(/\bnpx /g, isDirect ? '' : 'npx ')
    if (onBackground && here.endsWith(' &')) {
      const PATH = `${root}/node_modules/.bin:${process.env.PATH}`
      const child = spawn('bash', ['-c', `exec ${here.slice(0, -2)}`], { cwd: root, env: { ...process.env, PATH } })
      onBackground(child)
      return ''
    }
    const [, variable] = /^([A-Z]+)=\$/.exec(command) ?? []
    if (variable) {
      before += `${variable}='${(await run(`${before}${here}; printf %s "$${variable}"`)).trimEnd()}'\n`
      return ''
    }
    return run(before + here)
  }

  /** In a terminal of 80 columns, where there is one to be had. */
  async function run(command: string): Promise<string> {
    const path = `${root}/node_modules/.bin:${process.env.PATH}`
    const options = { cwd: root, env: { ...process.env, PATH: path, SHELL: '/bin/bash', TERM: 'xterm' } }
    // A command that fails is what some steps show.
    const settle = (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' })
    const { stdout } = terminal
      ? await shell(terminal, ['--quiet', '--command', `stty cols 80 rows 24\n${command}`, '/dev/null'], options)
      : await shell('bash', ['-c', command], options).catch(settle)
    // npx turns a wheel while it looks for the command.
    const text = stripVTControlCharacters(stdout)
      .replaceAll(/[\r\u2800-\u28ff]/g, '')
      .trimEnd()
    return text === '' ? '' : `${text}\n`
  }

  return async function follow({ command, says }: Step): Promise<void> {
    const pattern = toPattern(says)
    let printed = await paste(command)
    if (says.length === 0) return
    const matches = async () => {
      if (pattern.test(printed)) return true
      printed = await paste(command)
      return false
    }
    if (BACKGROUND.test(command)) await untilTrue(matches).catch(() => {})
    expect(printed).toMatch(pattern)
  }
}
