#!/usr/bin/env node
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigFault } from './kernel/index.ts'

/** The checkout that this file is in. */
const root = join(dirname(realpathSync(process.argv[1] ?? '')), '..')

interface Command {
  readonly usage: string
  readonly does: string
  run(args: readonly string[]): Promise<void>
}

const commands: Readonly<Record<string, Command>> = {
  dev: {
    usage: 'dev [--json] [--fresh]',
    does: 'run Ebb on this machine (npm start); --fresh forgets all data first',
    run: async (args) => {
      const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean' }, fresh: { type: 'boolean' } } })
      const { runDev } = await import('./dev/run-dev.ts')
      await runDev({ root, json: values.json ?? false, fresh: values.fresh ?? false })
    },
  },
  events: {
    usage: 'events list [--state STATE] [--type TYPE] [--limit N] | events show ID  [--json]',
    does: 'what was emitted, and what became of each delivery',
    run: async (args) => {
      const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: { ...ADMIN, state: { type: 'string' }, type: { type: 'string' }, limit: { type: 'string' } },
      })
      const { listEvents, showEvent } = await import('./dev/admin/events.ts')
      const [verb, id] = positionals
      if (verb === 'list') return listEvents(root, values)
      if (verb === 'show' && id) return showEvent(root, id, values)
      throw new ConfigFault(`usage: ebb ${commands.events?.usage}`)
    },
  },
  keys: {
    usage: 'keys list | keys create SUBJECT [--role ROLE] [--scope SCOPE …] [--days N] | keys revoke ID  [--json]',
    does: 'API keys of a running Ebb',
    run: async (args) => {
      const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: { ...ADMIN, role: { type: 'string' }, scope: { type: 'string', multiple: true }, days: { type: 'string' } },
      })
      const { createKey, listKeys, revokeKey } = await import('./dev/admin/keys.ts')
      const [verb, subject] = positionals
      if (verb === 'list') return listKeys(root, values)
      if (verb === 'create' && subject) return createKey(root, subject, values)
      if (verb === 'revoke' && subject) return revokeKey(root, subject, values)
      throw new ConfigFault(`usage: ebb ${commands.keys?.usage}`)
    },
  },
  migrate: {
    usage: 'migrate',
    does: "bring DATABASE_DIRECT_URL or DATABASE_URL up to date: the platform's tables, then the team's",
    run: async () => {
      const { runMigrate } = await import('./dev/run-migrate.ts')
      await runMigrate(root)
    },
  },
}

/** Which Ebb is meant: the one of this checkout, unless told. */
const ADMIN = { json: { type: 'boolean' }, admin: { type: 'string' } } as const

async function main([name = 'help', ...args]: readonly string[]) {
  const command = commands[name]
  if (command) return command.run(args)
  const lines = Object.values(commands).map(({ usage, does }) => `  ebb ${usage}\n      ${does}`)
  process.stdout.write(`Ebb: serverless APIs on your own machines\n\n${lines.join('\n')}\n`)
  if (name !== 'help' && name !== '--help' && name !== '-h') throw new ConfigFault(`there is no command called ${name}`)
}

main(process.argv.slice(2)).catch((fault: unknown) => {
  // A fault that was foreseen is one sentence; anything else needs its stack.
  const foreseen = fault instanceof Error && (fault instanceof ConfigFault || /Fault$/.test(fault.name) || 'code' in fault)
  process.stderr.write(`ebb: ${foreseen ? fault.message : ((fault as Error)?.stack ?? fault)}\n`)
  process.exitCode = 1
})
