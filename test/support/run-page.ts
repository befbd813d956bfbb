import { execFile } from 'node:child_process'
import { promisify, stripVTControlCharacters } from 'node:util'
import { consoleSteps, type Step, toPattern } from './console-steps.ts'
import { untilTrue } from './until.ts'

interface RunPageOptions {
  /** The project that the page is about. */
  readonly cwd: string
  /** Of the Ebb that runs there, instead of the ones with port 8080 and 8081. */
  readonly url: string
  readonly admin: string
  readonly env?: Readonly<Record<string, string>>
}

/** Only these look at what goes on in the background after the command before them is over. */
const BACKGROUND = /ebb events list/

/**
 * Runs the console blocks of a page as a person would paste them, one after the other. Throws at the first command that fails
 * or prints something else than the page says; resolves to all commands.
 */
export async function runPage(page: string, options: RunPageOptions): Promise<readonly string[]> {
  const steps = consoleSteps(page)
  if (steps.length === 0) throw new Error(`${page} has no console block`)
  const variables: string[] = []
  for (const step of steps) await runStep(step, variables, options)
  return steps.map(({ command }) => command)
}

async function runStep({ command, says }: Step, variables: string[], options: RunPageOptions): Promise<void> {
  const here = command
    .replaceAll('localhost:8080', new URL(options.url).host)
    .replaceAll('localhost:8081', new URL(options.admin).host)
  const [, variable] = /^([A-Z]+)=\$/.exec(command) ?? []
  if (variable) {
    const value = await runShell(`${variables.join('')}${here}; printf %s "$${variable}"`, options)
    return void variables.push(`${variable}='${value.trimEnd()}'\n`)
  }
  let printed = await runShell(variables.join('') + here, options)
  if (says.length === 0) return
  const pattern = toPattern(says)
  const matches = async () => {
    if (pattern.test(printed)) return true
    printed = await runShell(variables.join('') + here, options)
    return false
  }
  if (BACKGROUND.test(command)) await untilTrue(matches).catch(() => {})
  if (!pattern.test(printed)) throw new Error(`$ ${command}\nprinted\n${printed}\ninstead of\n${says.join('\n')}`)
}

async function runShell(script: string, { cwd, env }: RunPageOptions): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd, env: { ...process.env, ...env } })
  const text = stripVTControlCharacters(stdout).trimEnd()
  return text === '' ? '' : `${text}\n`
}
