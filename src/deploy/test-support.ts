import * as z from 'zod'

export interface Tree {
  name: string
  children?: Tree[] | undefined
}
// zod takes the input of a ZodType for unknown unless it is named.
export const Tree: z.ZodType<Tree, Tree> = z.lazy(() =>
  z.object({ name: z.string(), children: z.array(Tree).optional() }),
)

/** A schema with everything that contracts may have. */
export const Everything = z.object({
  text: z.string().min(1).describe('A text. */ Not the end.'),
  number: z.number().positive(),
  whole: z.int(),
  flag: z.boolean(),
  nothing: z.null(),
  anything: z.unknown(),
  'odd-name': z.iso.datetime().optional(),
  given: z.string().default('x'),
  one: z.literal('one'),
  some: z.literal([1, 'two', null]),
  choice: z.enum(['a', 'b']),
  maybe: z.nullable(z.number()),
  maybeChoice: z.enum(['a', 'b']).nullable(),
  list: z.array(z.string()),
  choices: z.array(z.enum(['a', 'b'])),
  lists: z.array(z.array(z.object({ x: z.number() }))),
  pair: z.tuple([z.string(), z.number().nullable()]),
  open: z.tuple([z.string(), z.number().optional()]).rest(z.boolean()),
  record: z.record(z.string(), z.object({ n: z.number() })),
  each: z.record(z.enum(['a', 'b']), z.number()),
  few: z.partialRecord(z.enum(['a', 'b']), z.number()),
  shape: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('dot') }),
    z.object({ kind: z.literal('line'), to: z.tuple([z.number(), z.number()]) }),
  ]),
  either: z.union([z.string(), z.object({ deep: z.array(z.string().nullable()) })]),
  empty: z.object({}),
  tree: Tree,
  otherTree: Tree.optional(),
  decoded: z.string().transform(Number).pipe(z.number()),
})
