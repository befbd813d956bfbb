import type { Span } from '../support/otlp-receiver.ts'

export interface Node {
  readonly span: Span
  /** Undefined where its parent is another process's span, or none. */
  readonly parent: Node | undefined
  /** In the order in which they started; those of one millisecond in the order in which they were told. */
  readonly children: readonly Node[]
}

/** The spans of one trace as trees, from their roots. */
export function spanForest(spans: readonly Span[]): readonly Node[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const inOrder = spans.toSorted((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano))
  const childrenOf = Map.groupBy(inOrder, ({ parentSpanId = '' }) => byId.get(parentSpanId))
  const grow = (parent: Node | undefined): Node[] =>
    (childrenOf.get(parent?.span) ?? []).map((span) => {
      const node = { span, parent, children: [] as readonly Node[] }
      node.children = grow(node)
      return node
    })
  return grow(undefined)
}

/** All nodes, each before its children. */
export const allOf = (roots: readonly Node[]): readonly Node[] =>
  roots.flatMap((node) => [node, ...allOf(node.children)])

/** The nearest ancestor that counts. */
export function above({ parent }: Node, counts: (node: Node) => boolean): Node | undefined {
  return parent && !counts(parent) ? above(parent, counts) : parent
}

/** The names of a node and of those above it that count. */
export function pathOf(node: Node, counts: (node: Node) => boolean): string {
  const parent = above(node, counts)
  return parent ? `${pathOf(parent, counts)} > ${node.span.name}` : node.span.name
}
