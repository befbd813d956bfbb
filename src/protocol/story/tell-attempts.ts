import { oneLine } from '../traces/tell-span.ts'
import type { AttemptRecord, Evidence } from './evidence.ts'
import type { TimedStep } from './story.ts'

/** The steps that the database tells, beside those that the log and the spans have: events, attempts, asynchronous calls. */
export function tellAttempts({ events, calls, lines, spans }: Evidence): readonly TimedStep[] {
  const logged = new Set(lines.flatMap(({ fields }) => (fields.msg === 'delivery' ? keyOf(fields) : [])))
  const sent = new Set(spans.flatMap(({ attributes }) => attributes['messaging.message.id'] ?? []))
  const ofEvents = events.flatMap(({ id, type, source, createdAt, deliveries }) => [
    ...(sent.has(id) ? [] : [step({ at: createdAt, part: source, kind: 'event', says: `emits ${type} (${id})` })]),
    ...deliveries.flatMap(({ consumer, history }) =>
      history
        .filter(({ number }) => !logged.has(keyOf({ event: id, function: consumer, attempt: number })))
        .map((attempt) => toStep(`${type} to ${consumer}`, attempt)),
    ),
  ])
  const ofCalls = calls.flatMap(({ id, method, target, caller, createdAt, history, function: name }) => [
    step({
      at: createdAt,
      part: 'gateway',
      kind: 'request',
      says: `${method} ${target} by ${caller}: stored as ${id}`,
    }),
    ...history
      .filter(({ number }) => !logged.has(keyOf({ event: id, function: name, attempt: number })))
      .map((attempt) => toStep(`${method} ${target} of ${name}`, attempt)),
  ])
  return [...ofEvents, ...ofCalls]
}

const keyOf = (fields: Readonly<Record<string, unknown>>) => `${fields.event} ${fields.function} ${fields.attempt}`

interface Told {
  readonly at: string
  readonly part: string
  readonly kind: TimedStep['kind']
  readonly says: string
}

const step = ({ at, ...told }: Told): TimedStep => ({
  ...{ startMs: Date.parse(at), durationMs: null, failed: false },
  ...told,
})

function toStep(what: string, { number, startedAt, durationMs, status, error, body }: AttemptRecord): TimedStep {
  const failed = status === null || status >= 400
  const answer = status === null ? `no answer (${error})` : `${status}`
  const more = failed && body ? `: ${oneLine(body)}` : ''
  const says = `${what}, attempt ${number}: ${answer} after ${durationMs} ms${more}`
  return { ...step({ at: startedAt, part: 'relay', kind: 'delivery', says }), durationMs, failed }
}
