import * as z from 'zod'
import { clone } from 'zod/v4/core'
import { boundFaults } from './bound-faults.ts'
import { boundString } from './bound-string.ts'

/** Where the metadata of input and output schemas keep the name (`id`) of what they were made of. */
export const SCHEMA_NAME = 'x-name'

/** What one schema says about what may come in: a deep strict clone, unknown keys refused at every depth. */
// Both are rebuilt of schemas of the same kinds, so that a type stays what it was.
export const toInput = <S extends z.ZodType>(schema: S): S => rebuild(schema, z.never(), new Map()) as S

/** What one schema says about what goes out: a clone that strips unknown keys at every depth. */
export const toOutput = <S extends z.ZodType>(schema: S): S => rebuild(schema, undefined, new Map()) as S

/** The first schema inside that cannot be walked, as a sentence; undefined where all can. */
export function whatCannotBeWalked(schema: z.ZodType, path = '', seen = new Set<z.ZodType>()): string | undefined {
  if (seen.has(schema)) return undefined
  seen.add(schema)
  const def = defOf(schema)
  const here = path || 'its top'
  if (def.type === 'object' && def.catchall && typeOf(def.catchall) !== 'never') {
    return `${here} is an object open to unknown keys; name them, or nest a z.record`
  }
  if (!LEAVES.has(def.type) && !BRANCHES.has(def.type)) return `${here} is a z.${def.type}, ${why(def.type)}`
  for (const [name, child] of childrenOf(def)) {
    const fault = whatCannotBeWalked(child, path && name ? `${path}.${name}` : path || name, seen)
    if (fault) return fault
  }
  return undefined
}

/** What is wrong with a kind of schema, and what to write instead. */
const why = (type: string): string =>
  type === 'intersection'
    ? 'which cannot be strict about unknown keys; write one object, with .extend()'
    : `which JSON cannot carry; write ${CURES[type] ?? 'what JSON has: objects, arrays, strings, numbers, booleans, null'}`

const CURES: Readonly<Record<string, string>> = {
  ...{ date: 'z.iso.datetime() or z.iso.date()', bigint: 'z.int(), or digits in a z.string()', nan: 'z.null()' },
  ...{ undefined: '.optional() on what may be missing', void: 'no schema at all', symbol: 'z.literal() of a text' },
  ...{ map: 'z.record()', set: 'z.array()', file: 'its text or address in a z.string()' },
}

/** The part of zod's definitions that the walk reads; zod types each schema's own `def` more narrowly. */
interface Def {
  readonly type: string
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly catchall?: z.ZodType
  readonly element?: z.ZodType
  readonly options?: readonly z.ZodType[]
  readonly items?: readonly z.ZodType[]
  readonly rest?: z.ZodType | null
  readonly innerType?: z.ZodType
  readonly keyType?: z.ZodType
  readonly valueType?: z.ZodType
  readonly in?: z.ZodType
  readonly out?: z.ZodType
  readonly getter?: () => z.ZodType
}

const WRAPPERS = ['optional', 'nullable', 'default', 'prefault', 'nonoptional', 'readonly', 'catch']
const BRANCHES = new Set(['object', 'array', 'union', 'tuple', 'record', 'pipe', 'lazy', ...WRAPPERS])
const LEAVES = new Set([
  ...['string', 'number', 'int', 'boolean', 'null', 'enum', 'literal', 'template_literal'],
  ...['unknown', 'any', 'never', 'transform'],
])

// Every zod schema carries a def of this shape; zod only types them one by one.
export const defOf = (schema: z.ZodType) => schema.def as unknown as Def
export const typeOf = (schema: z.ZodType): string => schema.def.type

export function* childrenOf(def: Def): Iterable<[string, z.ZodType]> {
  yield* Object.entries(def.shape ?? {})
  for (const child of [...(def.options ?? []), ...(def.items ?? [])]) yield ['', child]
  const parts = [def.element, def.rest, def.innerType, def.keyType, def.valueType, def.in, def.out, def.getter?.()]
  for (const child of parts) if (child) yield ['', child]
}

function rebuild(schema: z.ZodType, catchall: z.ZodType | undefined, made: Map<z.ZodType, z.ZodType>): z.ZodType {
  const known = made.get(schema)
  if (known) return known
  const def = defOf(schema)
  if (def.type === 'string') return boundString(schema)
  if (!BRANCHES.has(def.type)) return schema
  const walk = (child: z.ZodType) => rebuild(child, catchall, made)
  const next: Record<string, unknown> = { ...def }
  for (const key of ['element', 'innerType', 'keyType', 'valueType', 'in', 'out', 'rest'] as const) {
    if (def[key]) next[key] = walk(def[key])
  }
  if (def.options) next.options = def.options.map(walk)
  if (def.items) next.items = def.items.map(walk)
  // zod keeps what a lazy schema once was beside its getter.
  if (def.getter) Object.assign(next, { getter: () => walk(def.getter?.() ?? schema), _cachedInner: undefined })
  if (def.shape) Object.assign(next, { shape: lazily(def.shape, walk), catchall })
  // The def differs from the original in its children only, so the constructor accepts it.
  const rebuilt = boundFaults(() => clone(schema, next as never))
  made.set(schema, rebuilt)
  const { id, ...meta } = z.globalRegistry.get(schema) ?? {}
  // An id can only be given once; as another entry the name goes along.
  if (id !== undefined) Object.assign(meta, { [SCHEMA_NAME]: id })
  if (Object.keys(meta).length > 0) z.globalRegistry.add(rebuilt, meta)
  return rebuilt
}

/** Children as getters, so that a schema may contain itself. */
function lazily(shape: Readonly<Record<string, z.ZodType>>, walk: (child: z.ZodType) => z.ZodType) {
  const getters = Object.keys(shape).map((key) => {
    const get = () => walk(shape[key] ?? z.never())
    return [key, { enumerable: true, get }] as const
  })
  return Object.defineProperties({}, Object.fromEntries(getters))
}
