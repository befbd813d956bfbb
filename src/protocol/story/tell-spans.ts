import { CONNECTION_WAIT, SEND_MAIL, type Span, textAttribute } from '../traces/span.ts'
import { oneLine, tellSpan } from '../traces/tell-span.ts'
import type { Evidence } from './evidence.ts'
import type { StepKind, TimedStep } from './story.ts'

/** The steps that spans tell, beside those that the log has: statements, calls of other services, waits, events and mail. */
export const tellSpans = ({ spans, lines }: Pick<Evidence, 'spans' | 'lines'>): readonly TimedStep[] => {
  const logged = new Set(lines.flatMap(({ part, fields }) => (fields.msg === 'request' ? [part] : [])))
  return spans.flatMap((span) => {
    const told = tell(span, logged)
    if (!told) return []
    const { traceId, spanId, part, startUs, endUs, failed } = span
    const times = { startMs: startUs / 1_000, durationMs: Math.round((endUs - startUs) / 100) / 10 }
    return [{ ...times, part, ...told, failed, traceId, spanId }]
  })
}

/** What frames a transaction, and says nothing by itself. */
const FRAME = /^(begin|start transaction|commit|rollback|savepoint|release|set|deallocate|discard|select$)/i

function tell(span: Span, logged: ReadonlySet<string>): { readonly kind: StepKind; readonly says: string } | undefined {
  const { name, kind, part } = span
  const statement = textAttribute(span, 'db.query.text')
  if (statement !== undefined)
    return FRAME.test(statement.trim()) && !span.failed ? undefined : { kind: 'statement', says: tellSpan(span) }
  if (name === CONNECTION_WAIT) return { kind: 'wait', says: 'waits for a connection: all of its pool are in use' }
  if (kind === 'producer') return { kind: 'event', says: `emits ${eventOf(span)}` }
  if (name === SEND_MAIL)
    return { kind: 'mail', says: span.failed ? `sends no mail: ${tellSpan(span)}` : 'sends a mail' }
  if (kind === 'client' && part !== 'gateway' && part !== 'relay')
    return { kind: 'call', says: oneLine(`${name} ${tellSpan(span)}`) }
  if (kind === 'server' && !logged.has(part)) return { kind: 'request', says: `${name}: ${tellSpan(span)}` }
  return undefined
}

const eventOf = (span: Span) =>
  `${textAttribute(span, 'messaging.destination.name')} (${textAttribute(span, 'messaging.message.id')})`
