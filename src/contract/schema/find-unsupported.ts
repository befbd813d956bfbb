import type * as z from 'zod'
import { isAsync } from './custom-code.ts'
import { BRANCHES, childrenOf, type Def, defOf, LEAVES, typeOf } from './schema-def.ts'

/**
 * What a schema describes: what comes in, what goes out, or both, as an event's data do: they go out of the function that
 * emits the event, and come into each subscriber, by the same schema.
 */
export type SchemaUse = 'input' | 'output' | 'both'

/** The first schema inside that a contract cannot have, as a sentence; undefined where there is none. */
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
  const issue = walk.find(def, path || 'its top', schema)
  if (issue) return issue
  for (const [name, child] of walk.childrenOf(def)) {
    const issue = findFirst(child, path && name ? `${path}.${name}` : path || name, walk, seen)
    if (issue) return issue
  }
  return undefined
}

/** Callers see one side of a pipe only; the other side is the handler's, and may be anything. */
const sidesOf = (def: Def, use: SchemaUse): Iterable<[string, z.ZodType]> => {
  const side = use === 'input' ? def.in : use === 'output' ? def.out : undefined
  return side ? [['', side]] : childrenOf(def)
}

function findUnsupportedKind(def: Def, here: string, use: SchemaUse): string | undefined {
  const { type, catchall, values } = def
  if (type === 'object' && catchall && typeOf(catchall) !== 'never') {
    return `${here} is an object open to unknown keys; name them, or nest a z.record`
  }
  if (type === 'pipe' || type === 'transform') return findTransform(def, here, use)
  if (!LEAVES.has(type) && !BRANCHES.has(type)) return `${here} is a z.${type}, ${explainKind(type)}`
  const [literal] = (values ?? []).filter((value) => value === undefined || typeof value === 'bigint').map(String)
  return literal && `${here} is a z.literal of ${literal}, which JSON cannot carry; write a text or a number`
}

function findTransform(def: Def, here: string, use: SchemaUse): string | undefined {
  const [begin, end] = [def.in, def.out].map(
    (side) => def.type === 'transform' || (side && typeOf(side) === 'transform'),
  )
  if (use === 'input' && begin) {
    return `${here} begins with a transform, so that its input cannot be documented; put a schema before it, as in z.string().transform(...)`
  }
  if (use === 'output' && end) {
    return `${here} ends with a transform, so that its output cannot be documented; put a schema behind it, as in .pipe(z.number())`
  }
  if (use === 'both' && (begin || end || def.transform)) {
    return `${here} is changed on its way, and an event's data are read by one schema where it is emitted and where it is received; write what it becomes, and change it in the handler`
  }
  return undefined
}

const findAsync = (schema: z.ZodType, here: string) =>
  isAsync(schema)
    ? `${here} has an async check or transform, and a contract is checked without waiting; check what takes time in the handler`
    : undefined

/** What is wrong with a kind of schema, and what to write instead. */
const explainKind = (type: string): string =>
  REASONS[type] ??
  `which JSON cannot carry; write ${REMEDIES[type] ?? 'what JSON has: objects, arrays, strings, numbers, booleans, null'}`

const REASONS: Readonly<Record<string, string>> = {
  intersection: 'which cannot be strict about unknown keys; write one object, with .extend()',
  custom: 'which cannot be documented; write a schema of its kind with a .refine()',
}

const REMEDIES: Readonly<Record<string, string>> = {
  ...{ date: 'z.iso.datetime() or z.iso.date()', bigint: 'z.int(), or digits in a z.string()', nan: 'z.null()' },
  ...{ undefined: '.optional() on what may be missing', void: 'no schema at all', symbol: 'z.literal() of a text' },
  ...{ map: 'z.record()', set: 'z.array()', file: 'its text or address in a z.string()' },
}
