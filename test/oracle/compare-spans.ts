import type { Span } from '../support/otlp-receiver.ts'
import { normalise } from './normalise.ts'
import { type Pair, pairSpans, SIDES, type Side } from './pair-spans.ts'
import { type Difference, NONE, type Rule, rulebook } from './rulebook.ts'
import { above, allOf, type Node, pathOf, spanForest } from './span-forest.ts'

export interface CompareOptions {
  readonly rules?: readonly Rule[]
  readonly titleOf?: (traceId: string) => string
}

/**
 * Compares what two sides told of the same requests, which came in traces of the same ids: names, kinds, parents,
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
      return allOf(spanForest(side === 'official' ? own.map(book.asOurs) : own))
    }
    const nodes = { official: nodesOf('official'), ours: nodesOf('ours') }
    const pairs = pairSpans(nodes, (side, { span }) => book.knows(side, span))
    const paired = new Set(pairs.flatMap(({ official, ours }) => [official, ours]))
    const alone = SIDES.flatMap((side) =>
      nodes[side].filter((node) => !paired.has(node)).map((node) => ({ side, node })),
    )
    const excused = new Set(alone.filter(({ side, node }) => book.allowsAlone(side, node.span)).map(({ node }) => node))
    const counterpart = new Map(pairs.map(({ official, ours }) => [official, ours]))
    const counts = (node: Node) => !excused.has(node)
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
  { counterpart, counts }: { counterpart: ReadonlyMap<Node, Node>; counts: (node: Node) => boolean },
): readonly Difference[] {
  const say = (parent: Node | undefined, { span }: Node) =>
    parent ? pathOf(parent, counts) : `the caller's ${span.parentSpanId ?? 'nothing'}`
  const [one, other] = [above(official, counts), above(ours, counts)]
  const isSame = one ? counterpart.get(one) === other : !other && official.span.parentSpanId === ours.span.parentSpanId
  return isSame ? [] : [['(parent)', say(one, official), say(other, ours)]]
}

function differences({ official, ours }: Pair): readonly Difference[] {
  const [a, b] = [official.span, ours.span]
  const names = new Set([...Object.keys(a.attributes), ...Object.keys(b.attributes)])
  const told: readonly (readonly [string, unknown, unknown])[] = [
    ['(name)', a.name, b.name],
    ['(kind)', a.kind, b.kind],
    ['(status)', a.status, b.status],
    ['(events)', a.events, b.events],
    ['(links)', a.links, b.links],
    ...[...names].map((name) => [name, a.attributes[name], b.attributes[name]] as const),
  ]
  const text = (value: unknown) => JSON.stringify(value) ?? NONE
  return told
    .map(([what, one, other]) => [what, text(one), text(other)] as const)
    .filter(([, one, other]) => one !== other)
}
