#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { loadEnvFile } from 'node:process'
import type { Command } from './commands/command.ts'
import { readPlatformManifest } from './deploy/platform-files.ts'
import { printable } from './dev/report.ts'
import { ConfigError, inheritedEnv } from './kernel/index.ts'

/** The verbs, each loaded on first use. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  create: async () => (await import('./commands/create.ts')).createCommand,
  new: async () => (await import('./commands/new.ts')).newCommand,
  remove: async () => (await import('./commands/remove.ts')).removeCommand,
  contracts: async () => (await import('./commands/contracts.ts')).contractsCommand,
  build: async () => (await import('./commands/build.ts')).buildCommand,
  'build-client': async () => (await import('./commands/build.ts')).buildClientCommand,
  dev: async () => (await import('./commands/dev.ts')).devCommand,
  database: async () => (await import('./commands/database.ts')).databaseCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
  events: async () => (await import('./commands/events.ts')).eventsCommand,
  invoke: async () => (await import('./commands/invoke.ts')).invokeCommand,
  'identity-keys': async () => (await import('./commands/keys.ts')).identityKeysCommand,
  keys: async () => (await import('./commands/keys.ts')).keysCommand,
  migrate: async () => (await import('./commands/database.ts')).migrateCommand,
  render: async () => (await import('./commands/render.ts')).renderCommand,
  mock: async () => (await import('./commands/mock.ts')).mockCommand,
  upgrade: async () => (await import('./commands/upgrade.ts')).upgradeCommand,
  own: async () => (await import('./commands/own.ts')).ownCommand,
}

async function main([name = 'help', ...args]: readonly string[]) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command) {
    const found = await command()
    if (args.some((arg) => HELP.includes(arg))) return print(usageLines(found))
    const project = findProject()
    readEnvFile(project)
    return found.run(project, args)
  }
  if (['version', '--version', '-v'].includes(name)) {
    return print([`ebb ${readPlatformManifest().version}, Node ${process.version}`])
  }
  if (!['help', ...HELP].includes(name)) {
    throw new ConfigError(`there is no command called ${name}; there are ${Object.keys(commands).join(', ')}`)
  }
  const all = await Promise.all(Object.values(commands).map((load) => load()))
  print(['Ebb: serverless APIs on your own machines', '', ...all.flatMap(usageLines)])
  print(['', '  ebb COMMAND --help describes one command; ebb --version prints the version.'])
}

const HELP = ['--help', '-h']
const usageLines = ({ usage, description }: Command) => [
  ...usage.map((form) => `  ebb ${form}`),
  `      ${description}`,
]
const print = (lines: readonly string[]) => void process.stdout.write(`${lines.join('\n')}\n`)

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
function readEnvFile(project: string): void {
  const { EBB_ENV_FILE: named } = inheritedEnv(['EBB_ENV_FILE'])
  const file = resolve(project, named ?? '.env')
  if (existsSync(file)) loadEnvFile(file)
  else if (named !== undefined) throw new ConfigError(`EBB_ENV_FILE: there is no file ${file}`)
}

/** The errors whose message is written for the user; by name, since their modules are not loaded for that. */
const EXPECTED = ['ConfigError', 'ContractError', 'PostgresError', 'RenderError', 'SampleError', 'UnresponsiveError']

/** An expected error, or one of the system, is one sentence; any other needs its stack. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return EXPECTED.includes(error.constructor.name) || 'code' in error ? error.message : (error.stack ?? error.message)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`ebb: ${printable(describeError(error))}\n`)
  // Ends whatever is still open, too.
  process.exit(1)
})
