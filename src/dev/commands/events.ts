import { parseArgs } from 'node:util'
import { ADMIN_OPTIONS } from '../admin/client.ts'
import { listEvents, showEvent } from '../admin/events.ts'
import { redriveEvents } from '../admin/redrive.ts'
import { type Command, misused } from './command.ts'

const text = { type: 'string' } as const
const OPTIONS = {
  ...{ ...ADMIN_OPTIONS, state: text, type: text, limit: text },
  ...{ consumer: text, to: text, id: text, before: text, after: text, rate: text },
  'dry-run': { type: 'boolean', default: false },
  'stop-on-failure': { type: 'boolean', default: true },
} as const

export const events: Command = {
  usage: [
    'events list [--state STATE] [--type TYPE] [--limit N] [--json]',
    'events show ID [--json]',
    'events redrive [--type TYPE] [--consumer NAME [--to NAME]] [--id ID] [--before TIME] [--after TIME] [--limit N] [--rate N/s] [--dry-run] [--no-stop-on-failure] [--json]',
  ],
  does: 'what was emitted, and what became of each delivery; redrive sends dead ones on their way again, the oldest first, with --to to the subscriber that took the place of another',
  run: async (root, args) => {
    const parsed = parseArgs({ args: [...args], allowPositionals: true, allowNegative: true, options: OPTIONS })
    const { values, positionals } = parsed
    const [verb, id] = positionals
    if (verb === 'list') return listEvents(root, values)
    if (verb === 'show' && id) return showEvent(root, id, values)
    if (verb === 'redrive' && positionals.length === 1) {
      const { 'dry-run': dryRun, 'stop-on-failure': stopOnFailure } = values
      return redriveEvents(root, { ...values, dryRun, stopOnFailure })
    }
    throw misused(events)
  },
}
