import type * as z from 'zod'
import { isAsync } from './custom-code.ts'
import { BRANCHES, childrenOf, type Def, defOf, LEAVES, typeOf } from './schema-def.ts'

/**
 * What a schema is for: what is `taken` from callers, what is `given` to them, or `both`, as an event's data are: given by
 * whoever emits it, and taken by each subscriber by the same schema.
 */
export type SchemaUse = 'taken' | 'given' | 'both'

/** The first schema inside that a contract cannot hold to, as a sentence; undefined where there is none. */
export const findUnsupported = (schema: z.ZodType, use: SchemaUse): string | undefined =>
  findFirst(schema, '', {
    find: (def, here) => findUnsupportedKind(def, here, use),
    childrenOf: (def) => sidesOf(def, use),
  }) ?? findFirst(schema, '', { find: (_, here, schema) => findAsync(schema, here), childrenOf })

interface Walk {
  readonly find: (def: Def, here: string, schema: z.ZodType) => string | undefined
  readonly childrenOf: (def: Def) => Iterable<[string, z.ZodType]>
}

function findFirst(schema: z.ZodType, path: string, walk: Walk, seen = new Set<z.ZodType>()): string | undefined {
  if (seen.has(schema)) return undefined
  seen.add(schema)
  const def = defOf(schema)
  const fault = walk.find(def, path || 'its top', schema)
  if (fault) return fault
  for (const [name, child] of walk.childrenOf(def)) {
    const fault = findFirst(child, path && name ? `${path}.${name}` : path || name, walk, seen)
    if (fault) return fault
  }
  return undefined
}

/** Of a pipe only one side is what callers see; what is between them and the handler may be anything. */
const sidesOf = (def: Def, use: SchemaUse): Iterable<[string, z.ZodType]> => {
  const side = use === 'taken' ? def.in : use === 'given' ? def.out : undefined
  return side ? [['', side]] : childrenOf(def)
}

function findUnsupportedKind(def: Def, here: string, use: SchemaUse): string | undefined {
  const { type, catchall, values } = def
  if (type === 'object' && catchall && typeOf(catchall) !== 'never') {
    return `${here} is an object open to unknown keys; name them, or nest a z.record`
  }
  if (type === 'pipe' || type === 'transform') return findTransform(def, here, use)
  if (!LEAVES.has(type) && !BRANCHES.has(type)) return `${here} is a z.${type}, ${explainKind(type)}`
  const [odd] = (values ?? []).filter((value) => value === undefined || typeof value === 'bigint').map(String)
  return odd && `${here} is a z.literal of ${odd}, which JSON cannot carry; write a text or a number`
}

function findTransform(def: Def, here: string, use: SchemaUse): string | undefined {
  const [begin, end] = [def.in, def.out].map(
    (side) => def.type === 'transform' || (side && typeOf(side) === 'transform'),
  )
  if (use === 'taken' && begin) {
    return `${here} begins with a transform, so that nobody can be told what it takes; put a schema before it, as in z.string().transform(...)`
  }
  if (use === 'given' && end) {
    return `${here} ends with a transform, so that nobody can be told what it gives; put a schema behind it, as in .pipe(z.number())`
  }
  if (use === 'both' && (begin || end || def.transform)) {
    return `${here} is changed on its way, and an event's data are read by one schema where it is emitted and where it is taken in; write what it becomes, and change it in the handler`
  }
  return undefined
}

const findAsync = (schema: z.ZodType, here: string) =>
  isAsync(schema)
    ? `${here} has an async check or transform, and a contract is judged at once; ask what takes time in the handler`
    : undefined

/** What is wrong with a kind of schema, and what to write instead. */
const explainKind = (type: string): string =>
  REASONS[type] ??
  `which JSON cannot carry; write ${REMEDIES[type] ?? 'what JSON has: objects, arrays, strings, numbers, booleans, null'}`

const REASONS: Readonly<Record<string, string>> = {
  intersection: 'which cannot be strict about unknown keys; write one object, with .extend()',
  custom: 'which nobody can be told of; write a schema of its kind with a .refine()',
}

const REMEDIES: Readonly<Record<string, string>> = {
  ...{ date: 'z.iso.datetime() or z.iso.date()', bigint: 'z.int(), or digits in a z.string()', nan: 'z.null()' },
  ...{ undefined: '.optional() on what may be missing', void: 'no schema at all', symbol: 'z.literal() of a text' },
  ...{ map: 'z.record()', set: 'z.array()', file: 'its text or address in a z.string()' },
}
