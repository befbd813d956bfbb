#!/usr/bin/env node
import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from './dev/commands/command.ts'
import { readEnvFile } from './dev/env-file.ts'
import { printable } from './dev/printable.ts'
import { ConfigFault } from './kernel/index.ts'

/** The checkout that this file is in. */
const root = join(dirname(realpathSync(process.argv[1] ?? '')), '..')

/** Each verb, loaded when it is asked for. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  new: async () => (await import('./dev/commands/new.ts')).newCommand,
  remove: async () => (await import('./dev/commands/remove.ts')).remove,
  contracts: async () => (await import('./dev/commands/contracts.ts')).contracts,
  build: async () => (await import('./dev/commands/build.ts')).build,
  'build-client': async () => (await import('./dev/commands/build-client.ts')).buildClient,
  dev: async () => (await import('./dev/commands/dev.ts')).dev,
  database: async () => (await import('./dev/commands/database.ts')).database,
  check: async () => (await import('./dev/commands/check.ts')).check,
  events: async () => (await import('./dev/commands/events.ts')).events,
  invoke: async () => (await import('./dev/commands/invoke.ts')).invoke,
  'identity-keys': async () => (await import('./dev/commands/identity-keys.ts')).identityKeys,
  keys: async () => (await import('./dev/commands/keys.ts')).keys,
  migrate: async () => (await import('./dev/commands/migrate.ts')).migrate,
  render: async () => (await import('./dev/commands/render.ts')).renderCommand,
  mock: async () => (await import('./dev/commands/mock.ts')).mock,
}

async function main([name = 'help', ...args]: readonly string[]) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command) {
    const found = await command()
    if (args.some((arg) => HELP.includes(arg))) return print(formsOf(found))
    readEnvFile(root)
    return found.run(root, args)
  }
  if (['version', '--version', '-v'].includes(name)) {
    const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    return print([`ebb ${version}, Node ${process.version}`])
  }
  if (!['help', ...HELP].includes(name)) {
    throw new ConfigFault(`there is no command called ${name}; there are ${Object.keys(commands).join(', ')}`)
  }
  const all = await Promise.all(Object.values(commands).map((load) => load()))
  print(['Ebb: serverless APIs on your own machines', '', ...all.flatMap(formsOf)])
  print(['', '  ebb COMMAND --help says the same of one; ebb --version says which Ebb this is.'])
}

const HELP = ['--help', '-h']
const formsOf = ({ usage, does }: Command) => [...usage.map((form) => `  ebb ${form}`), `      ${does}`]
const print = (lines: readonly string[]) => void process.stdout.write(`${lines.join('\n')}\n`)

main(process.argv.slice(2)).catch((fault: unknown) => {
  // A fault that was foreseen is one sentence; anything else needs its stack.
  const foreseen = fault instanceof Error && (/Fault$/.test(fault.constructor.name) || 'code' in fault)
  process.stderr.write(`ebb: ${printable(String(foreseen ? fault.message : ((fault as Error)?.stack ?? fault)))}\n`)
  // Whatever else was opened ends with us.
  process.exit(1)
})
