#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { loadEnvFile } from 'node:process'
import { outliveReader } from './commands/command.ts'
import { describeVerb } from './commands/describe-verbs.ts'
import { findVerb } from './commands/find-verb.ts'
import { runVerb } from './commands/run-verb.ts'
import { UsageError } from './commands/usage-error.ts'
import { verbs } from './commands/verbs.ts'
import { printable } from './dev/report.ts'
import { ConfigError } from './kernel/config-error.ts'

async function main([given = 'help', ...args]: readonly string[]) {
  const name = SHORT_FORMS.get(given) ?? given
  const verb = findVerb(verbs, name)
  const command = await verb.load()
  const end = args.indexOf('--')
  if (args.slice(0, end < 0 ? args.length : end).some((arg) => HELP.includes(arg))) {
    const word = args.find((arg) => !arg.startsWith('-'))
    return void process.stdout.write(`${describeVerb(name, verb, command, word)}\n`)
  }
  const project = findProject()
  if (!verb.ignoresEnv) await readEnvFile(project)
  await runVerb(name, command, { project, args })
}

const HELP = ['--help', '-h']
/** What is no verb, but means one. */
const SHORT_FORMS = new Map([
  ...HELP.map((option) => [option, 'help'] as const),
  ...['--version', '-v'].map((option) => [option, 'version'] as const),
])

/** The project that a command is run in: the nearest folder, from the current one up, with a package.json or functions in it. */
function findProject(): string {
  const isProject = (folder: string) => PROJECT_MARKS.some((mark) => existsSync(join(folder, mark)))
  let folder = process.cwd()
  while (!isProject(folder)) {
    if (dirname(folder) === folder) return process.cwd()
    folder = dirname(folder)
  }
  return folder
}
const PROJECT_MARKS = ['package.json', 'functions']

/**
 * Loads `.env`, or the file that EBB_ENV_FILE names, into the environment of this process; variables that are set already win.
 * A file that is named has to exist.
 */
async function readEnvFile(project: string): Promise<void> {
  // What reads the environment loads the schemas of all settings, which a help or a version has no use for.
  const { inheritedEnv } = await import('./kernel/config.ts')
  const { EBB_ENV_FILE: named } = inheritedEnv(['EBB_ENV_FILE'])
  const file = resolve(project, named ?? '.env')
  if (existsSync(file)) loadEnvFile(file)
  else if (named !== undefined) throw new ConfigError(`EBB_ENV_FILE: there is no file ${file}`)
}

/** The errors whose message is written for the user; by name, since their modules are not loaded for that. */
const EXPECTED = [
  'ConfigError',
  'UsageError',
  'ContractError',
  'PostgresError',
  'RenderError',
  'SampleError',
  'UnresponsiveError',
]

/** An expected error, or one of the system, is one sentence; any other needs its stack. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return EXPECTED.includes(error.constructor.name) || 'code' in error ? error.message : (error.stack ?? error.message)
}

/** 2 for a command line that is wrong, as it is read here or by `parseArgs` of Node, and 1 for any other fault. */
const exitCodeOf = (error: unknown) =>
  error instanceof UsageError || String(Object(error).code).startsWith('ERR_PARSE_ARGS_') ? 2 : 1

outliveReader()
main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`ebb: ${printable(describeError(error))}\n`)
  // Ends whatever is still open, too.
  process.exit(exitCodeOf(error))
})
