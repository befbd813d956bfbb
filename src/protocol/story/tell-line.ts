import type { LogLine } from './evidence.ts'
import type { StepKind } from './story.ts'

/** What a line of the log says, in words: a request, a delivery, or what a handler has logged. */
export function tellLine({ part, level, fields }: LogLine): string {
  if (fields.msg === 'request' && part === 'gateway') return tellRequest(fields)
  if (fields.msg === 'delivery') return tellDelivery(fields)
  if (fields.msg === 'request')
    return `answers ${fields.status} after ${fields.durationMs} ms${fields.cold ? ', its first request' : ''}`
  if (fields.msg === 'cold start') return tellStart(fields)
  return `${level === 'info' ? '' : `${level}: `}${String(fields.msg)}`
}

function tellRequest({ method, path, status, durationMs, reason, cold, caller, ...fields }: LogLine['fields']): string {
  const by = typeof caller === 'string' ? ` by ${caller}` : ''
  const end = reason ? `ended at the gateway: ${reason}` : `by ${fields.function}${cold ? ', which had to start' : ''}`
  return `${method} ${path}${by}: ${status} after ${durationMs} ms, ${end}`
}

function tellDelivery({
  type,
  attempt,
  status,
  durationMs,
  outcome,
  retryInMs,
  error,
  ...fields
}: LogLine['fields']): string {
  const answer = status === undefined ? `no answer (${error})` : `${status}`
  const next = typeof retryInMs === 'number' ? `, again in ${(retryInMs / 1_000).toFixed(1)} s` : ''
  return `${type} to ${fields.function}, attempt ${attempt}: ${answer} after ${durationMs} ms, ${outcome}${next}`
}

/** How long the parts of a start took, of which each holds those before it. */
function tellStart({ coldStart }: LogLine['fields']): string {
  const { spawnMs, loadMs, readyMs, firstAnswerMs } = Object(coldStart) as Readonly<Record<string, number>>
  return `started: process after ${spawnMs} ms, code loaded ${loadMs} ms, listening ${readyMs} ms, first answer ${firstAnswerMs} ms`
}

/** What a line is about. */
export function kindOfLine({ fields: { msg } }: LogLine): StepKind {
  if (msg === 'request' || msg === 'delivery') return msg
  return msg === 'cold start' ? 'start' : 'log'
}
