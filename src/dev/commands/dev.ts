import { parseArgs } from 'node:util'
import { runDev } from '../run-dev.ts'
import type { Command } from './command.ts'

export const dev: Command = {
  usage: ['dev [--json] [--fresh]'],
  does: 'run Ebb on this machine (npm start); --fresh forgets all data first',
  run: async (root, args) => {
    const options = { json: { type: 'boolean', default: false }, fresh: { type: 'boolean', default: false } } as const
    const { values } = parseArgs({ args: [...args], options })
    await runDev({ root, ...values })
  },
}
