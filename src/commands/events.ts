import { parseArgs } from 'node:util'
import type { ListedEvents, ShownEvent } from '../data/queue/events.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { type Command, text, usageError } from './command.ts'
import { redriveEvents } from './redrive.ts'

const OPTIONS = {
  ...{ ...ADMIN_OPTIONS, state: text, type: text, limit: text },
  ...{ consumer: text, to: text, id: text, before: text, after: text, rate: text },
  'dry-run': { type: 'boolean', default: false },
  'stop-on-failure': { type: 'boolean', default: true },
} as const

export const eventsCommand: Command = {
  usage: [
    'events list [--state STATE] [--type TYPE] [--limit N] [--json]',
    'events show ID [--json]',
    'events redrive [--type TYPE] [--consumer NAME [--to NAME]] [--id ID] [--before TIME] [--after TIME] [--limit N] [--rate N/s] [--dry-run] [--no-stop-on-failure] [--json]',
  ],
  description:
    'list events and the state of each delivery; redrive sends dead deliveries again, the oldest first, with --to to a subscriber that replaces another',
  run: async (project, args) => {
    const parsed = parseArgs({ args: [...args], allowPositionals: true, allowNegative: true, options: OPTIONS })
    const { values, positionals } = parsed
    const [verb, id] = positionals
    if (verb === 'list') return listEvents(project, values)
    if (verb === 'show' && id) return showEvent(project, id, values)
    if (verb === 'redrive' && positionals.length === 1) {
      const { 'dry-run': dryRun, 'stop-on-failure': stopOnFailure } = values
      return redriveEvents(project, { ...values, dryRun, stopOnFailure })
    }
    throw usageError(eventsCommand)
  },
}

interface ListOptions extends AdminOptions {
  readonly state?: string | undefined
  readonly type?: string | undefined
  readonly limit?: string | undefined
}

/** Prints the newest events and the state of each of their deliveries. */
async function listEvents(project: string, options: ListOptions) {
  const { state, type, limit } = options
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ state, type, limit })) if (value !== undefined) query.set(name, value)
  printResult(await callAdmin<ListedEvents>(project, `/v1/events?${query}`, options), toRows, options)
}

function toRows({ events }: ListedEvents): readonly string[] {
  if (events.length === 0) return ['No events.']
  const rows = events.map(({ id, type, createdAt, deliveries }) => [
    ...[createdAt, id, type],
    deliveries.map(({ consumer, state, attempts }) => `${consumer} ${state} (${attempts})`).join(', ') ||
      'no subscribers',
  ])
  return table([['TIME', 'ID', 'TYPE', 'DELIVERIES (ATTEMPTS)'], ...rows])
}

/** Prints one event with the whole history of each delivery. */
async function showEvent(project: string, id: string, options: AdminOptions) {
  printResult(await callAdmin<ShownEvent>(project, `/v1/events/${encodeURIComponent(id)}`, options), toDetails, options)
}

function toDetails({
  id,
  type,
  source,
  createdAt,
  correlationId,
  traceparent,
  payload,
  deliveries,
}: ShownEvent): readonly string[] {
  return [
    `${type}  ${id}`,
    ...table([
      ['  emitted', `${createdAt} by ${source}`],
      ['  correlation', correlationId],
      ['  trace', traceparent.split('-')[1] ?? ''],
      ['  data', JSON.stringify(payload)],
    ]),
    ...deliveries.flatMap(({ consumer, state, attempts, availableAt, history, redriven }) => [
      '',
      `  → ${consumer}: ${state} after ${attempts} attempts${state === 'waiting' ? `, next not before ${availableAt}` : ''}`,
      ...(redriven ? [`    redriven ${redriven.at} by ${redriven.by}, after attempt ${redriven.afterAttempt}`] : []),
      ...table(
        history.map(({ number, startedAt, durationMs, status, error, body }) => [
          `    ${number}`,
          startedAt,
          `${durationMs} ms`,
          status === null ? (error ?? 'no answer') : String(status),
          body?.replaceAll(/\s+/g, ' ') ?? '',
        ]),
      ),
    ]),
  ]
}
