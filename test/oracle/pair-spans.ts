import type { Span } from '../support/otlp-receiver.ts'

export const SIDES = ['official', 'ours'] as const
export type Side = (typeof SIDES)[number]

/** Two spans of the same thing. */
export type Pair = Readonly<Record<Side, SpanNode>>

/**
 * Pairs spans of one kind: by name and statement, by statement, by name, and where they stand; then those of another kind
 * by name. Where a rule says that only one side has a span, it is no renamed one.
 */
export function pairSpans(
  nodes: Readonly<Record<Side, readonly SpanNode[]>>,
  isOnlyOn: (side: Side, node: SpanNode) => boolean,
): readonly Pair[] {
  const pairs = new Map<SpanNode | undefined, SpanNode | undefined>([[undefined, undefined]])
  const rest = { official: new Set(nodes.official), ours: new Set(nodes.ours) }
  const pair = (isLike: (official: SpanNode, ours: SpanNode) => boolean) => {
    for (const official of rest.official) {
      const ours = [...rest.ours].find((node) => isLike(official, node))
      if (!ours) continue
      pairs.set(official, ours)
      rest.official.delete(official)
      rest.ours.delete(ours)
    }
  }
  const sameKind = (a: SpanNode, b: SpanNode) => a.span.kind === b.span.kind
  const sameName = (a: SpanNode, b: SpanNode) => a.span.name === b.span.name
  const same = (attribute: string) => (a: SpanNode, b: SpanNode) =>
    a.span.attributes[attribute] === b.span.attributes[attribute]
  const [sameStatement, sameSystem] = [same('db.query.text'), same('db.system.name')]
  const sameParent = (a: SpanNode, b: SpanNode) => {
    const known = new Set(pairs.values())
    const [one, other] = [findAncestor(a, (node) => pairs.has(node)), findAncestor(b, (node) => known.has(node))]
    return pairs.get(one) === other
  }
  const mayBeRenamed = (a: SpanNode, b: SpanNode) => !isOnlyOn('official', a) && !isOnlyOn('ours', b)

  pair((a, b) => sameKind(a, b) && sameStatement(a, b) && sameName(a, b))
  pair((a, b) => sameKind(a, b) && sameStatement(a, b) && 'db.query.text' in a.span.attributes)
  pair((a, b) => sameKind(a, b) && sameName(a, b))
  pair((a, b) => sameKind(a, b) && sameStatement(a, b) && sameSystem(a, b) && sameParent(a, b) && mayBeRenamed(a, b))
  pair(sameName)
  return nodes.official.flatMap((official) => {
    const ours = pairs.get(official)
    return ours ? [{ official, ours }] : []
  })
}

export interface SpanNode {
  readonly span: Span
  /** Undefined where its parent is another process's span, or none. */
  readonly parent: SpanNode | undefined
  /** In the order in which they started; those of one millisecond in the order in which they were exported. */
  readonly children: readonly SpanNode[]
}

/** The spans of one trace as trees, from their roots. */
export function spanForest(spans: readonly Span[]): readonly SpanNode[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const inOrder = spans.toSorted((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano))
  const childrenOf = Map.groupBy(inOrder, ({ parentSpanId = '' }) => byId.get(parentSpanId))
  const grow = (parent: SpanNode | undefined): SpanNode[] =>
    (childrenOf.get(parent?.span) ?? []).map((span) => {
      const node = { span, parent, children: [] as readonly SpanNode[] }
      node.children = grow(node)
      return node
    })
  return grow(undefined)
}

/** All nodes, each before its children. */
export const flattenForest = (roots: readonly SpanNode[]): readonly SpanNode[] =>
  roots.flatMap((node) => [node, ...flattenForest(node.children)])

/** The nearest ancestor that counts. */
export function findAncestor({ parent }: SpanNode, counts: (node: SpanNode) => boolean): SpanNode | undefined {
  return parent && !counts(parent) ? findAncestor(parent, counts) : parent
}

/** The names of a node and of those above it that count. */
export function pathOf(node: SpanNode, counts: (node: SpanNode) => boolean): string {
  const parent = findAncestor(node, counts)
  return parent ? `${pathOf(parent, counts)} > ${node.span.name}` : node.span.name
}
