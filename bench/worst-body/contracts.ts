import * as z from 'zod'

interface Node {
  readonly name?: string | undefined
  readonly children?: readonly Node[] | undefined
}
const Tree: z.ZodType<Node, Node> = z.lazy(() =>
  z.object({ name: z.string().optional(), children: z.array(Tree).optional() }),
)

/** Bodies as contracts have them, one of each kind that can multiply work. */
export const CONTRACTS: Readonly<Record<string, z.ZodType>> = {
  lists: z.object({ rows: z.array(z.array(z.string())) }),
  records: z.object({ rows: z.record(z.string(), z.array(z.string())) }),
  objects: z.object({ rows: z.array(z.array(z.object({ a: z.string().optional(), b: z.int().default(0) }))) }),
  unions: z.object({ rows: z.array(z.array(z.union([z.string(), z.int(), z.object({ a: z.string() })]))) }),
  tree: z.object({ rows: z.array(Tree) }),
  any: z.object({ rows: z.unknown() }),
}
