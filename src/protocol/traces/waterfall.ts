import type { AttemptRecord, EventRecord } from '../story/evidence.ts'
import { CONNECTION_WAIT, type Span } from './span.ts'
import { tellSpan } from './tell-span.ts'

/** A line of a waterfall: a span, an attempt of the relay, or a gap that has a name. */
export interface WaterfallRow {
  /** Null for what is no span. */
  readonly spanId: string | null
  readonly parentSpanId: string | null
  readonly depth: number
  readonly part: string
  readonly name: string
  readonly kind: Span['kind'] | 'delivery' | 'gap'
  /** Since the first span began. */
  readonly atMs: number
  readonly durationMs: number
  readonly failed: boolean
  /** Whether the function started for it. */
  readonly cold: boolean
  /** A few words: the status, the beginning of a statement, why there is a gap. */
  readonly says: string
  readonly attributes: Readonly<Record<string, unknown>>
}

const MAX_ROWS = 2_000

interface Node {
  readonly row: Omit<WaterfallRow, 'depth' | 'atMs' | 'durationMs' | 'parentSpanId'>
  readonly startUs: number
  readonly endUs: number
  readonly children: Node[]
}

/**
 * The rows of a trace, each below its parent and in the order in which they began. Deliveries stand below the span that has sent
 * the event, where the relay has no spans of its own; what lies between has a name.
 */
export function toWaterfall(spans: readonly Span[], events: readonly EventRecord[]): readonly WaterfallRow[] {
  const nodes = new Map(spans.map((span) => [span.spanId, toNode(span)]))
  const roots: Node[] = []
  for (const span of spans) {
    const node = nodes.get(span.spanId)
    const parent = nodes.get(span.parentSpanId ?? '')
    if (!node) continue
    if (parent && span.parentSpanId !== span.spanId) parent.children.push(node)
    else roots.push(node)
    if (parent?.row.kind === 'client' && node.row.cold) parent.children.push(coldStart(node, parent))
  }
  const hasRelay = spans.some(({ part }) => part === 'relay')
  for (const span of spans) {
    const event = events.find(({ id }) => id === span.attributes['messaging.message.id'])
    const sent = span.kind === 'producer' ? nodes.get(span.spanId) : undefined
    if (sent && !hasRelay) addDeliveries(sent, event)
  }
  const first = Math.min(...spans.map(({ startUs }) => startUs))
  return roots.flatMap((root) => toRows(root, { first, depth: 0, parent: null })).slice(0, MAX_ROWS)
}

function toNode(span: Span): Node {
  const { spanId, part, name, kind, failed, attributes } = span
  const cold = attributes['faas.coldstart'] === true
  const isWait = name === CONNECTION_WAIT
  return {
    row: { spanId, part, name, kind: isWait ? 'gap' : kind, failed, cold, attributes, says: tellSpan(span) },
    ...{ startUs: span.startUs, endUs: span.endUs, children: [] },
  }
}

const gap = (part: string, name: string, says: string, [startUs, endUs]: readonly [number, number]): Node => ({
  row: { spanId: null, part, name, kind: 'gap', failed: false, cold: false, attributes: {}, says },
  ...{ startUs, endUs, children: [] },
})

/** From when the function was called until it had the request. */
function coldStart({ row, startUs }: Node, caller: Node): Node {
  const parts = ['spawn', 'load', 'ready'].flatMap((part) => {
    const ms = row.attributes[`ebb.cold_start.${part}_ms`]
    return ms === undefined ? [] : [`${part} ${ms} ms`]
  })
  return gap(row.part, 'cold start', parts.join(', '), [caller.startUs, startUs])
}

/** Puts the attempts below the span that sent the event, and what the subscribers did below those. */
function addDeliveries(sent: Node, event: EventRecord | undefined) {
  const taken = sent.children.splice(0)
  const attempts = (event?.deliveries ?? []).flatMap(({ consumer, history }) => {
    const ofConsumer = history.map((attempt) => toAttempt(`deliver ${event?.type} to ${consumer}`, attempt))
    for (const child of taken.filter(({ row }) => row.part === consumer)) {
      const attempt = ofConsumer.findLast(({ startUs }) => startUs <= child.startUs + CLOCK_US)
      if (!attempt) continue
      taken.splice(taken.indexOf(child), 1)
      attempt.children.push(child, ...(child.row.cold ? [coldStart(child, attempt)] : []))
    }
    const pauses = ofConsumer.slice(1).map((next, i) => {
      const endUs = ofConsumer[i]?.endUs ?? next.startUs
      return gap('relay', 'back-off', `before attempt ${i + 2}`, [endUs, next.startUs])
    })
    return [...ofConsumer, ...pauses]
  })
  const next = Math.min(...[...attempts, ...taken].map(({ startUs }) => startUs))
  if (next > sent.endUs && Number.isFinite(next))
    sent.children.push(gap('relay', 'wait for the relay', 'until it has leased the event', [sent.endUs, next]))
  sent.children.push(...attempts, ...taken)
}

function toAttempt(name: string, { number, startedAt, durationMs, status, error }: AttemptRecord): Node {
  const startUs = Date.parse(startedAt) * 1_000
  const says = `attempt ${number}: ${status ?? error ?? 'no answer'}`
  const failed = status === null || status >= 400
  return {
    row: { spanId: null, part: 'relay', name, kind: 'delivery', failed, cold: false, attributes: {}, says },
    ...{ startUs, endUs: startUs + durationMs * 1_000, children: [] },
  }
}

/** The database's times are of milliseconds, and another clock's. */
const CLOCK_US = 5_000

function toRows(
  { row, startUs, endUs, children }: Node,
  { first, depth, parent }: { readonly first: number; readonly depth: number; readonly parent: string | null },
): readonly WaterfallRow[] {
  const below = children
    .toSorted((a, b) => a.startUs - b.startUs)
    .flatMap((child) => toRows(child, { first, depth: depth + 1, parent: row.spanId ?? parent }))
  const times = { atMs: (startUs - first) / 1_000, durationMs: Math.max(endUs - startUs, 0) / 1_000 }
  return [{ ...row, parentSpanId: parent, depth, ...times }, ...below]
}
