import type { Span } from '../support/otlp-receiver.ts'
import {
  findAncestor,
  flattenForest,
  type Pair,
  pairSpans,
  pathOf,
  SIDES,
  type Side,
  type SpanNode,
  spanForest,
} from './pair-spans.ts'
import { type Difference, NONE, type Rule, rulebook } from './rulebook.ts'

interface CompareOptions {
  readonly rules?: readonly Rule[]
  readonly titleOf?: (traceId: string) => string
}

/**
 * Compares what two sides report of the same requests, which came in traces of the same ids: names, kinds, parents,
 * attributes, status, events and links. Answers a line for each difference that no rule covers, and for each rule that
 * covers none.
 */
export function compareSpans(
  spans: Readonly<Record<Side, readonly Span[]>>,
  { rules = [], titleOf = (traceId) => traceId }: CompareOptions = {},
): readonly string[] {
  const book = rulebook(rules)

  const compareTrace = (traceId: string): string[] => {
    const nodesOf = (side: Side) => {
      const own = spans[side].filter((span) => span.traceId === traceId).map(normalise)
      return flattenForest(spanForest(side === 'official' ? own.map(book.asOurs) : own))
    }
    const nodes = { official: nodesOf('official'), ours: nodesOf('ours') }
    const pairs = pairSpans(nodes, (side, { span }) => book.knows(side, span))
    const paired = new Set(pairs.flatMap(({ official, ours }) => [official, ours]))
    const alone = SIDES.flatMap((side) =>
      nodes[side].filter((node) => !paired.has(node)).map((node) => ({ side, node })),
    )
    const excused = new Set(alone.filter(({ side, node }) => book.allowsAlone(side, node.span)).map(({ node }) => node))
    const counterpart = new Map(pairs.map(({ official, ours }) => [official, ours]))
    const counts = (node: SpanNode) => !excused.has(node)
    const lines = [
      ...alone
        .filter(({ node }) => counts(node))
        .map(({ side, node }) => `${pathOf(node, counts)}: only ${side} has this ${node.span.kind} span`),
      ...pairs.flatMap((pair) =>
        [...differingParents(pair, { counterpart, counts }), ...differences(pair)]
          .filter((difference) => !book.allows([pair.official.span, pair.ours.span], difference))
          .map(
            ([what, official, ours]) => `${pathOf(pair.official, counts)}: ${what}: official ${official}, ours ${ours}`,
          ),
      ),
    ]
    return lines.map((line) => `${titleOf(traceId)}: ${line}`)
  }

  const traces = new Set(SIDES.flatMap((side) => spans[side].map(({ traceId }) => traceId)))
  return [...[...traces].flatMap(compareTrace), ...book.unused()]
}

function differingParents(
  { official, ours }: Pair,
  { counterpart, counts }: { counterpart: ReadonlyMap<SpanNode, SpanNode>; counts: (node: SpanNode) => boolean },
): readonly Difference[] {
  const describe = (parent: SpanNode | undefined, { span }: SpanNode) =>
    parent ? pathOf(parent, counts) : `the caller's ${span.parentSpanId ?? 'nothing'}`
  const [one, other] = [findAncestor(official, counts), findAncestor(ours, counts)]
  const isSame = one ? counterpart.get(one) === other : !other && official.span.parentSpanId === ours.span.parentSpanId
  return isSame ? [] : [['(parent)', describe(one, official), describe(other, ours)]]
}

function differences({ official, ours }: Pair): readonly Difference[] {
  const [a, b] = [official.span, ours.span]
  const names = new Set([...Object.keys(a.attributes), ...Object.keys(b.attributes)])
  const members: readonly (readonly [string, unknown, unknown])[] = [
    ['(name)', a.name, b.name],
    ['(kind)', a.kind, b.kind],
    ['(status)', a.status, b.status],
    ['(events)', a.events, b.events],
    ['(links)', a.links, b.links],
    ...[...names].map((name) => [name, a.attributes[name], b.attributes[name]] as const),
  ]
  const text = (value: unknown) => JSON.stringify(value) ?? NONE
  return members
    .map(([what, one, other]) => [what, text(one), text(other)] as const)
    .filter(([, one, other]) => one !== other)
}

/** A span without what differs from one run to the next: ports, ids, times, databases and stacks. */
const normalise = (span: Span): Span => ({
  ...span,
  name: normaliseText(span.name),
  attributes: normaliseAttributes(span.attributes),
  events: span.events.map(({ name, attributes }) => ({ name, attributes: normaliseAttributes(attributes) })),
  status: {
    ...span.status,
    ...(span.status.message === undefined ? {} : { message: normaliseText(span.status.message) }),
  },
})

const normaliseAttributes = (attributes: Span['attributes']) =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, normaliseValue(key, value)]))

function normaliseValue(key: string, value: unknown): unknown {
  if (key === 'exception.stacktrace') return '<stack>'
  // A port as text stays different from a number.
  if (key.endsWith('.port')) return typeof value === 'number' ? '<port>' : `"${normaliseText(`:${value}`)}"`
  return typeof value === 'string' ? normaliseText(value) : value
}

const normaliseText = (value: string) => REPLACED.reduce((sofar, [what, by]) => sofar.replaceAll(what, by), value)

const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/ebb_test_[0-9a-f]{32}/g, '<database>'],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>'],
  [/:\d{2,5}(?=\/|$)/g, ':<port>'],
]
