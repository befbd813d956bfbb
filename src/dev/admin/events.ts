import type { ListedEvents, ShownEvent } from '../../data/events.ts'
import { type AdminOptions, callAdmin, print, table } from './client.ts'

interface ListOptions extends AdminOptions {
  readonly state?: string | undefined
  readonly type?: string | undefined
  readonly limit?: string | undefined
}

/** Prints the newest events and where each of their deliveries stands. */
export async function listEvents(root: string, options: ListOptions) {
  const { state, type, limit } = options
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ state, type, limit })) if (value !== undefined) query.set(name, value)
  const answer = await callAdmin<ListedEvents>(root, `/v1/events?${query}`, options)
  print(answer, toLines, options)
}

function toLines({ events }: ListedEvents): readonly string[] {
  if (events.length === 0) return ['No events.']
  const rows = events.map(({ id, type, createdAt, deliveries }) => [
    ...[createdAt, id, type],
    deliveries.map(({ consumer, state, attempts }) => `${consumer} ${state} (${attempts})`).join(', ') ||
      'nobody subscribes',
  ])
  return table([['TIME', 'ID', 'TYPE', 'DELIVERIES (ATTEMPTS)'], ...rows])
}

/** Prints one event with the whole history of each delivery. */
export async function showEvent(root: string, id: string, options: AdminOptions) {
  const answer = await callAdmin<ShownEvent>(root, `/v1/events/${encodeURIComponent(id)}`, options)
  print(answer, toStory, options)
}

function toStory({
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
