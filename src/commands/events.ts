import { printable } from '../dev/report.ts'
import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import * as endpoints from '../protocol/admin/events.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { archiveEvents, readDay } from './archive-events.ts'
import { printLine } from './command.ts'
import { dropEvents, editDelivery } from './dead-letters.ts'
import { type Form, form } from './form.ts'
import { readRate, readTime, redriveEvents } from './redrive.ts'

const TYPE = { value: 'TYPE', description: 'Only events of this type, such as order.placed.' } as const

/** Which dead letters. */
const DEAD_LETTERS = {
  type: TYPE,
  consumer: { value: 'NAME', completes: 'function', description: 'Only those to this subscriber.' },
  id: { value: 'ID', description: 'Only those of this event.' },
  before: { value: 'TIME', read: readTime('--before'), description: 'Only those of events before this time.' },
  after: { value: 'TIME', read: readTime('--after'), description: 'Only those of events after this time.' },
  limit: { value: 'N', description: 'At most this many, up to 1000. Default: 100.' },
} as const

export const eventsCommand: readonly Form[] = [
  form({
    word: 'list',
    description: 'List the newest events, and the state of each of their deliveries.',
    options: {
      state: {
        value: 'STATE',
        choices: ['waiting', 'leased', 'done', 'dead', 'dropped'],
        description: 'Only events with a delivery in this state.',
      },
      type: TYPE,
      limit: { value: 'N', description: 'At most this many, up to 500. Default: 50.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['events list --state dead'],
    run: (project, options) => listEvents(project, options),
  }),
  form({
    word: 'show',
    description: 'Show one event with its data, and the history of each of its deliveries.',
    arguments: { id: { value: 'ID', required: true, description: 'The id of the event, as events list prints it.' } },
    options: { data: { description: 'Print its data alone, also where they are large.' }, ...ADMIN_OPTIONS },
    examples: [
      'events show 0190b1c4-94a5-7d2c-8f43-0a1b2c3d4e5f',
      'events show 0190b1c4-94a5-7d2c-8f43-0a1b2c3d4e5f --data > data.json',
    ],
    run: (project, { id, data, ...options }) => (data ? printData : showEvent)(project, id, options),
  }),
  form({
    word: 'redrive',
    description: 'Send dead deliveries again, the oldest first. The first one of each subscriber goes alone.',
    options: {
      ...DEAD_LETTERS,
      to: {
        value: 'NAME',
        completes: 'function',
        description: 'Send them to this subscriber, which replaces the one that --consumer names.',
      },
      rate: { value: 'N/s', read: readRate, description: 'At most this many a second to each subscriber.' },
      'dry-run': { description: 'Only list what would be sent.' },
      'no-stop-on-failure': { description: 'Send all at once, not one ahead of the others.' },
      ...ADMIN_OPTIONS,
    },
    examples: [
      'events redrive --consumer send-welcome-email --dry-run',
      'events redrive --after 2026-11-30T09:00:00Z --rate 5/s',
    ],
    run: (project, { 'dry-run': dryRun, 'no-stop-on-failure': noStop, ...options }) =>
      redriveEvents(project, { ...options, dryRun, stopOnFailure: !noStop }),
  }),
  form({
    word: 'edit',
    description: 'Replace the data that one subscriber gets of a dead event, where its schema accepts them.',
    arguments: { id: { value: 'ID', required: true, description: 'The id of the event, as events list prints it.' } },
    options: {
      consumer: { value: 'NAME', required: true, completes: 'function', description: 'The subscriber.' },
      data: { value: 'JSON', required: true, description: 'The data, or @FILE to read them from there.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['events edit 0190b1c4-94a5-7d2c-8f43-0a1b2c3d4e5f --consumer confirm-order --data @order.json'],
    run: (project, { id, ...options }) => editDelivery(project, id, options),
  }),
  form({
    word: 'drop',
    description: 'Give dead deliveries up for good, the oldest first. Their history stays, and the audit says why.',
    options: {
      ...DEAD_LETTERS,
      reason: { value: 'TEXT', required: true, description: 'Why, for the audit.' },
      'dry-run': { description: 'Only list what would be dropped.' },
      ...ADMIN_OPTIONS,
    },
    examples: ["events drop --type order.placed --before 2026-11-30T09:00:00Z --reason 'test orders'"],
    run: (project, { 'dry-run': dryRun, ...options }) => dropEvents(project, { ...options, dryRun }),
  }),
  form({
    word: 'archive',
    description: 'Write each day of events that is over and not archived, with what came of them, as NDJSON.',
    options: {
      before: { value: 'DAY', read: readDay, description: 'Only days (UTC) before this one, such as 2026-11-01.' },
      to: {
        value: 'FOLDER',
        completes: 'path',
        default: '.',
        description:
          'Where a file for each day goes; - writes all to standard output, and records nothing. Default: here.',
      },
      record: { description: 'Write nothing, and record these days as archived: for what was piped elsewhere.' },
      ...ADMIN_OPTIONS,
    },
    examples: [
      'events archive --before 2026-11-01 --to /backup/events',
      'events archive --before 2026-11-01 --to - | gzip > events.ndjson.gz',
    ],
    run: (project, options) => archiveEvents(project, options),
  }),
]

/** More than anybody reads; the API leaves out what is larger. */
const MAX_SHOWN_BYTES = 256 * 1024

interface ListOptions extends AdminOptions {
  readonly state?: string | undefined
  readonly type?: string | undefined
  readonly limit?: string | undefined
}

/** Prints the newest events and the state of each of their deliveries. */
async function listEvents(project: string, options: ListOptions) {
  const { state, type, limit } = options
  printResult(
    await callAdmin(project, endpoints.listEvents, { query: { state, type, limit } }, options),
    toRows,
    options,
  )
}

function toRows({ events }: AdminOutput<typeof endpoints.listEvents>): readonly string[] {
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
  printResult(await callAdmin(project, endpoints.showEvent, { params: { id } }, options), toDetails, options)
}

/** Prints an event's data as JSON. */
async function printData(project: string, id: string, options: AdminOptions) {
  const data = await callAdmin(project, endpoints.readEventData, { params: { id } }, options)
  printLine(printable(JSON.stringify(data)))
}

function toDetails({
  id,
  type,
  version,
  source,
  createdAt,
  correlationId,
  traceparent,
  payload,
  payloadBytes,
  deliveries,
}: AdminOutput<typeof endpoints.showEvent>): readonly string[] {
  return [
    `${type}${version > 1 ? ` (version ${version})` : ''}  ${id}`,
    ...table([
      ['  emitted', `${createdAt} by ${source}`],
      ['  correlation', correlationId],
      ['  trace', traceparent.split('-')[1] ?? ''],
      ['  data', payloadBytes > MAX_SHOWN_BYTES ? `${payloadBytes} bytes, with --data` : JSON.stringify(payload)],
    ]),
    ...deliveries.flatMap(({ consumer, state, attempts, availableAt, history, redriven }) => [
      '',
      `  → ${consumer}: ${state} after ${attempts} attempts${state === 'waiting' ? `, next ${availableAt ? `not before ${availableAt}` : 'after those of its partition'}` : ''}`,
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
