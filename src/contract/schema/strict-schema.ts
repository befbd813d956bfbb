import * as z from 'zod'
import { clone } from 'zod/v4/core'
import { isRecursiveUnion, limitIssues, parseOncePerRun } from './bound-parse.ts'
import { boundString } from './bound-string.ts'
import { guardCatch, guardCheck, guardTransform } from './custom-code.ts'
import { BRANCHES, type Check, defOf, replaceCheck } from './schema-def.ts'

/** Where the metadata of input and output schemas keep the name (`id`) of the schema that they were made of. */
export const SCHEMA_NAME = 'x-name'

/** The schema of what comes in: a deep strict clone, which refuses unknown keys at every depth. */
// It is rebuilt of schemas of the same kinds, so that its type stays what it was.
export const toInput = <S extends z.ZodType>(schema: S): S => rebuild(schema, createStrictDirection()) as S

/** How schemas are rebuilt: as what comes in, or as what goes out (strip-schema.ts). */
export interface Direction {
  /** What becomes of keys that an object does not name: a never refuses them, undefined strips them. */
  readonly catchall: z.ZodType | undefined
  /** The schemas that have been rebuilt, so that one may contain itself. */
  readonly made: Map<z.ZodType, z.ZodType>
  readonly onRebuilt?: (rebuilt: z.ZodType, original: z.ZodType) => void
}

/** Creates the direction for what comes in: unknown keys are refused. */
export const createStrictDirection = (): Direction => ({ catchall: z.never(), made: new Map() })

/** Clones a schema with all that it holds, so that unknown keys are treated as the direction says and no check is unbounded. */
export function rebuild(schema: z.ZodType, direction: Direction): z.ZodType {
  const { catchall, made, onRebuilt } = direction
  const known = made.get(schema)
  if (known) return known
  const def = defOf(schema)
  if (def.type === 'string') return boundString(schema)
  const next: Record<string, unknown> = { ...def }
  const checks = def.checks?.map((check) => guardCheck(exactMultiple(check)))
  if (checks) next.checks = checks
  if (def.transform) next.transform = guardTransform(def.transform)
  if (def.catchValue) next.catchValue = guardCatch(def.catchValue)
  if (!BRANCHES.has(def.type)) {
    // The def differs from the original in its code only, so the constructor accepts it.
    return def.transform || checks?.some((check, i) => check !== def.checks?.[i])
      ? clone(schema, next as never, { parent: true })
      : schema
  }
  const walk = (child: z.ZodType) => rebuild(child, direction)
  for (const key of ['element', 'innerType', 'keyType', 'valueType', 'in', 'out', 'rest'] as const) {
    if (def[key]) next[key] = walk(def[key])
  }
  if (def.options) next.options = def.options.map(walk)
  if (def.items) next.items = def.items.map(walk)
  // zod keeps the schema that a lazy one has resolved to beside its getter.
  if (def.getter) Object.assign(next, { getter: () => walk(def.getter?.() ?? schema), _cachedInner: undefined })
  if (def.shape) Object.assign(next, { shape: toGetters(def.shape, walk), catchall })
  // The def differs from the original in its children only, so the constructor accepts it.
  const rebuilt = limitIssues(() => clone(schema, next as never))
  onRebuilt?.(rebuilt, schema)
  if (isRecursiveUnion(schema, def)) parseOncePerRun(rebuilt)
  made.set(schema, rebuilt)
  copyMetadata(schema, rebuilt)
  return rebuilt
}

/** Children as getters, so that a schema may contain itself. */
function toGetters(shape: Readonly<Record<string, z.ZodType>>, walk: (child: z.ZodType) => z.ZodType) {
  const getters = Object.keys(shape).map((key) => {
    const get = () => walk(shape[key] ?? z.never())
    return [key, { enumerable: true, get }] as const
  })
  return Object.defineProperties({}, Object.fromEntries(getters))
}

function copyMetadata(from: z.ZodType, to: z.ZodType) {
  const { id, ...meta } = z.globalRegistry.get(from) ?? {}
  // zod accepts an id once only, so the name goes along as another entry.
  if (id !== undefined) Object.assign(meta, { [SCHEMA_NAME]: id })
  if (Object.keys(meta).length > 0) z.globalRegistry.add(to, meta)
}

/**
 * The same check of a whole step, to the last digit, as readers of the document make it; zod allows for the rounding of
 * fractions, which beyond 2^51 lets every number through.
 */
function exactMultiple(check: Check): Check {
  // zod types each check's def more narrowly; that of a multiple has the step as its value.
  const { check: kind, value: step } = check._zod.def as unknown as { readonly check: string; readonly value: unknown }
  if (kind !== 'multiple_of' || !Number.isInteger(step)) return check
  const divisor = Number(step)
  return replaceCheck(check, ({ value, issues }) => {
    if (Number(value) % divisor === 0) return
    // The check runs on numbers only.
    issues.push({ code: 'not_multiple_of', origin: 'number', divisor, input: value as number, inst: check })
  })
}
