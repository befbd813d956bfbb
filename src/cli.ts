#!/usr/bin/env node
import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from './commands/command.ts'
import { readEnvFile } from './commands/env-file.ts'
import { printable } from './dev/report.ts'
import { ConfigError } from './kernel/index.ts'

/** The root of the checkout that holds this file. */
const root = join(dirname(realpathSync(process.argv[1] ?? '')), '..')

/** The verbs, each loaded on first use. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
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
}

async function main([name = 'help', ...args]: readonly string[]) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command) {
    const found = await command()
    if (args.some((arg) => HELP.includes(arg))) return print(usageLines(found))
    readEnvFile(root)
    return found.run(root, args)
  }
  if (['version', '--version', '-v'].includes(name)) {
    const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    return print([`ebb ${version}, Node ${process.version}`])
  }
  if (!['help', ...HELP].includes(name)) {
    throw new ConfigError(`there is no command called ${name}; there are ${Object.keys(commands).join(', ')}`)
  }
  const all = await Promise.all(Object.values(commands).map((load) => load()))
  print(['Ebb: serverless APIs on your own machines', '', ...all.flatMap(usageLines)])
  print(['', '  ebb COMMAND --help says the same of one; ebb --version says which Ebb this is.'])
}

const HELP = ['--help', '-h']
const usageLines = ({ usage, description }: Command) => [
  ...usage.map((form) => `  ebb ${form}`),
  `      ${description}`,
]
const print = (lines: readonly string[]) => void process.stdout.write(`${lines.join('\n')}\n`)

main(process.argv.slice(2)).catch((fault: unknown) => {
  // A fault that was foreseen is one sentence; anything else needs its stack.
  const foreseen = fault instanceof Error && (/Fault$/.test(fault.constructor.name) || 'code' in fault)
  process.stderr.write(`ebb: ${printable(String(foreseen ? fault.message : ((fault as Error)?.stack ?? fault)))}\n`)
  // Whatever else was opened ends with us.
  process.exit(1)
})
