import type { Metric, Span } from '../support/otlp-receiver.ts'
import { type SpanNode, spanForest } from './pair-spans.ts'

/** Spans as indented text with all that they say, a tree for each trace. */
export function printSpans(spans: readonly Span[], { titleOf = (traceId: string) => traceId } = {}): string {
  const traces = Map.groupBy(spans, ({ traceId }) => traceId)
  return [...traces]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([id, own]) => [`## ${titleOf(id)}`, ...spanForest(own).flatMap((root) => lines(root, ''))].join('\n'))
    .join('\n\n')
}

/** Metrics with their types, units and the attributes that any of their points had. */
export function printMetrics(metrics: readonly Metric[]): string {
  const lineOf = (exports: readonly Metric[]) => {
    const points = exports.flatMap((metric) => metric.points)
    const attributes = new Set(points.flatMap((point) => Object.keys(point.attributes)))
    return exports
      .slice(0, 1)
      .map(({ name, type, unit }) => `${name} (${type}, ${unit}): ${[...attributes].join(', ')}`)
  }
  const byName = Map.groupBy(metrics, ({ name }) => name)
  return ['## metrics', ...[...byName.values()].flatMap(lineOf).sort()].join('\n')
}

function lines({ span, children }: SpanNode, indent: string): string[] {
  const { kind, name, scope, status, attributes, links, events } = span
  const rows = Object.entries(attributes).map(row)
  const happened = events.flatMap((event) => [
    `! ${event.name}`,
    // The first line of a stack says what it is of.
    ...Object.entries(event.attributes).map(([key, value]) => `    ${row([key, String(value).split('\n', 1)[0]])}`),
  ])
  const failed = status.code === 'unset' ? '' : `, ${status.code} ${JSON.stringify(status.message ?? '')}`
  return [
    `${indent}${kind} "${name}" (${scope}${failed})`,
    ...[...rows, ...happened, ...links.map(({ traceId, spanId }) => `-> ${traceId} ${spanId}`)].map(
      (text) => `${indent}    ${text}`,
    ),
    ...children.flatMap((child) => lines(child, `${indent}  `)),
  ]
}

const row = ([key, value]: readonly [string, unknown]) => `${key} = ${JSON.stringify(value)}`
