import * as z from 'zod'
import type { Shape } from './shape.ts'

interface Node {
  readonly name?: string | undefined
  readonly children?: readonly Node[] | undefined
}
const Tree: z.ZodType<Node, Node> = z.lazy(() =>
  z.object({ name: z.string().optional(), children: z.array(Tree).optional() }),
)

const note = z.string().optional()

/** Bodies as contracts have them, one of each kind that can multiply work. */
export const CONTRACTS: Readonly<Record<string, z.ZodType>> = {
  lists: z.object({ note, rows: z.array(z.array(z.string())) }),
  records: z.object({ note, rows: z.record(z.string(), z.array(z.string())) }),
  objects: z.object({ note, rows: z.array(z.array(z.object({ a: z.string().optional(), b: z.int().default(0) }))) }),
  unions: z.object({ note, rows: z.array(z.array(z.union([z.string(), z.int(), z.object({ a: z.string() })]))) }),
  tree: z.object({ note, rows: z.array(Tree) }),
  any: z.object({ note, rows: z.unknown() }),
}

/** What a body looks like that its contract takes, which few are by chance. */
export const ACCEPTED_SHAPES: Readonly<Record<string, Pick<Shape, 'levels' | 'leaf'>>> = {
  lists: { levels: ['array', 'array'], leaf: '"#"' },
  records: { levels: ['object', 'array'], leaf: '"#"' },
  objects: { levels: ['array', 'array'], leaf: '{"a":"#"}' },
  unions: { levels: ['array', 'array'], leaf: '{"a":"#"}' },
  tree: { levels: ['array'], leaf: '{"name":"#","children":[]}' },
  any: { levels: ['array', 'object'], leaf: '["#"]' },
}
