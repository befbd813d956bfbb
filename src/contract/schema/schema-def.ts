import type * as z from 'zod'

/** The parts of zod's definitions that a walk over schemas reads; zod types each schema's own `def` more narrowly. */
export interface Def {
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
  readonly discriminator?: string
  /** Of a literal. */
  readonly values?: readonly unknown[]
  /** Of a transform, and of a codec. */
  readonly transform?: (value: unknown, payload: z.core.ParsePayload) => unknown
  /** Of a catch. zod calls it without arguments where it writes JSON Schema. */
  readonly catchValue?: (context?: z.core.$ZodCatchCtx) => unknown
  readonly checks?: readonly Check[]
}

/** One check of a zod schema, such as `.max(10)`. */
export type Check = z.core.$ZodCheck<never>

const WRAPPERS = ['optional', 'nullable', 'default', 'prefault', 'nonoptional', 'readonly', 'catch']
/** The kinds of schemas that hold others, by the `type` of their def. */
export const BRANCHES = /* @__PURE__ */ new Set([
  'object',
  'array',
  'union',
  'tuple',
  'record',
  'pipe',
  'lazy',
  ...WRAPPERS,
])
/** The kinds of schemas that hold no others, by the `type` of their def. */
export const LEAVES = /* @__PURE__ */ new Set([
  ...['string', 'number', 'int', 'boolean', 'null', 'enum', 'literal', 'template_literal'],
  ...['unknown', 'any', 'never', 'transform'],
])

/** The definition of a schema, typed with all that a walk over schemas reads. */
// Every zod schema carries a def of this shape; zod only types them one by one.
export const defOf = (schema: z.ZodType) => schema.def as unknown as Def
/** The kind of a schema, such as `object`. */
export const typeOf = (schema: z.ZodType): string => schema.def.type

/** The schemas that a definition holds, each with its name in an object; the name is empty for all others. */
export function* childrenOf(def: Def): Iterable<[string, z.ZodType]> {
  yield* Object.entries(def.shape ?? {})
  for (const child of [...(def.options ?? []), ...(def.items ?? [])]) yield ['', child]
  const parts = [def.element, def.rest, def.innerType, def.keyType, def.valueType, def.in, def.out, def.getter?.()]
  for (const child of parts) if (child) yield ['', child]
}

/** The same check with another function; all else is the original's, since a schema is described by its checks. */
export const replaceCheck = (check: Check, run: (payload: z.core.ParsePayload) => void): Check =>
  Object.create(check, { _zod: { value: Object.create(check._zod, { check: { value: run } }) } })

/** Whether a schema overwrites its input, as `.trim()` does: parsed a second time, the value may change again or be refused. */
export function hasOverwrite(schema: z.ZodType, seen = new Set<z.ZodType>()): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  const def = defOf(schema)
  // zod types each check's def more narrowly; all of them say which check it is.
  const kinds = (def.checks ?? []).map((check) => (check._zod.def as unknown as { readonly check: string }).check)
  return kinds.includes('overwrite') || [...childrenOf(def)].some(([, child]) => hasOverwrite(child, seen))
}
