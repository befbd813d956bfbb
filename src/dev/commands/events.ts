import { parseArgs } from 'node:util'
import { ADMIN_OPTIONS } from '../admin/client.ts'
import { listEvents, showEvent } from '../admin/events.ts'
import { type Command, misused } from './command.ts'

export const events: Command = {
  usage: ['events list [--state STATE] [--type TYPE] [--limit N] [--json]', 'events show ID [--json]'],
  does: 'what was emitted, and what became of each delivery',
  run: async (root, args) => {
    const text = { type: 'string' } as const
    const options = { ...ADMIN_OPTIONS, state: text, type: text, limit: text }
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [verb, id] = positionals
    if (verb === 'list') return listEvents(root, values)
    if (verb === 'show' && id) return showEvent(root, id, values)
    throw misused(events)
  },
}
