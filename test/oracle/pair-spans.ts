import { above, type Node } from './span-forest.ts'

export const SIDES = ['official', 'ours'] as const
export type Side = (typeof SIDES)[number]

/** Two spans of the same thing. */
export type Pair = Readonly<Record<Side, Node>>

/**
 * Pairs spans of one kind: by name and statement, by statement, by name, and where they stand; then those of another kind
 * by name. Where a rule says that only one side has a span, it is no renamed one.
 */
export function pairSpans(
  nodes: Readonly<Record<Side, readonly Node[]>>,
  isOnlyOn: (side: Side, node: Node) => boolean,
): readonly Pair[] {
  const pairs = new Map<Node | undefined, Node | undefined>([[undefined, undefined]])
  const rest = { official: new Set(nodes.official), ours: new Set(nodes.ours) }
  const pair = (isLike: (official: Node, ours: Node) => boolean) => {
    for (const official of rest.official) {
      const ours = [...rest.ours].find((node) => isLike(official, node))
      if (!ours) continue
      pairs.set(official, ours)
      rest.official.delete(official)
      rest.ours.delete(ours)
    }
  }
  const sameKind = (a: Node, b: Node) => a.span.kind === b.span.kind
  const sameName = (a: Node, b: Node) => a.span.name === b.span.name
  const same = (attribute: string) => (a: Node, b: Node) =>
    a.span.attributes[attribute] === b.span.attributes[attribute]
  const [sameStatement, sameSystem] = [same('db.query.text'), same('db.system.name')]
  const sameParent = (a: Node, b: Node) => {
    const known = new Set(pairs.values())
    const [one, other] = [above(a, (node) => pairs.has(node)), above(b, (node) => known.has(node))]
    return pairs.get(one) === other
  }
  const mayBeRenamed = (a: Node, b: Node) => !isOnlyOn('official', a) && !isOnlyOn('ours', b)

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
