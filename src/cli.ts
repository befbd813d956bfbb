#!/usr/bin/env node
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from './dev/commands/command.ts'
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
  check: async () => (await import('./dev/commands/check.ts')).check,
  events: async () => (await import('./dev/commands/events.ts')).events,
  invoke: async () => (await import('./dev/commands/invoke.ts')).invoke,
  keys: async () => (await import('./dev/commands/keys.ts')).keys,
  migrate: async () => (await import('./dev/commands/migrate.ts')).migrate,
  render: async () => (await import('./dev/commands/render.ts')).renderCommand,
  mock: async () => (await import('./dev/commands/mock.ts')).mock,
}

async function main([name = 'help', ...args]: readonly string[]) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command) return (await command()).run(root, args)
  const all = await Promise.all(Object.values(commands).map((load) => load()))
  const lines = all.flatMap(({ usage, does }) => [...usage.map((form) => `  ebb ${form}`), `      ${does}`])
  process.stdout.write(`Ebb: serverless APIs on your own machines\n\n${lines.join('\n')}\n`)
  if (!['help', '--help', '-h'].includes(name)) throw new ConfigFault(`there is no command called ${name}`)
}

main(process.argv.slice(2)).catch((fault: unknown) => {
  // A fault that was foreseen is one sentence; anything else needs its stack.
  const foreseen = fault instanceof Error && (/Fault$/.test(fault.constructor.name) || 'code' in fault)
  process.stderr.write(`ebb: ${foreseen ? fault.message : ((fault as Error)?.stack ?? fault)}\n`)
  // Whatever else was opened ends with us.
  process.exit(1)
})
