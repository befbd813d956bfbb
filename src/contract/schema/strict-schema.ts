import * as z from 'zod'
import { clone } from 'zod/v4/core'
import { isRecursiveUnion, limitIssues, parseOncePerRun } from './bound-parse.ts'
import { boundString } from './bound-string.ts'
import { guardCatch, guardCheck, guardTransform } from './custom-code.ts'
import { BRANCHES, defOf } from './schema-def.ts'
import { chooseOption, isAmbiguous } from './strip-schema.ts'

/** Where the metadata of input and output schemas keep the name (`id`) of what they were made of. */
export const SCHEMA_NAME = 'x-name'

/** What one schema says about what may come in: a deep strict clone, unknown keys refused at every depth. */
// Both are rebuilt of schemas of the same kinds, so that a type stays what it was.
export const toInput = <S extends z.ZodType>(schema: S): S => rebuild(schema, createStrictDirection()) as S

/**
 * What one schema says about what goes out: a clone that strips unknown keys at every depth. Of a union it is the option
 * that would be taken as what comes in; where none would, since there are unknown keys, the one that keeps most.
 */
export const toOutput = <S extends z.ZodType>(schema: S): S =>
  rebuild(schema, { catchall: undefined, made: new Map(), strict: createStrictDirection() }) as S

interface Direction {
  /** What becomes of keys that an object does not name: refused by a never, else stripped. */
  readonly catchall: z.ZodType | undefined
  readonly made: Map<z.ZodType, z.ZodType>
  /** The strict direction, by which what goes out finds its option of a union. */
  readonly strict?: Direction
}

const createStrictDirection = (): Direction => ({ catchall: z.never(), made: new Map() })

function rebuild(schema: z.ZodType, direction: Direction): z.ZodType {
  const { catchall, made, strict } = direction
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
  // zod keeps what a lazy schema once was beside its getter.
  if (def.getter) Object.assign(next, { getter: () => walk(def.getter?.() ?? schema), _cachedInner: undefined })
  if (def.shape) Object.assign(next, { shape: toGetters(def.shape, walk), catchall })
  // The def differs from the original in its children only, so the constructor accepts it.
  const rebuilt = limitIssues(() => clone(schema, next as never))
  if (strict && isAmbiguous(def)) {
    const options = def.options?.map((option) => rebuild(option, strict))
    chooseOption(rebuilt, clone(schema, { ...def, options, checks: [] } as never))
  }
  if (isRecursiveUnion(schema, def)) parseOncePerRun(rebuilt)
  made.set(schema, rebuilt)
  const { id, ...meta } = z.globalRegistry.get(schema) ?? {}
  // An id can only be given once; as another entry the name goes along.
  if (id !== undefined) Object.assign(meta, { [SCHEMA_NAME]: id })
  if (Object.keys(meta).length > 0) z.globalRegistry.add(rebuilt, meta)
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

type MultipleCheck = z.core.$ZodCheck<never>

/**
 * The same check of a whole step, to the last digit, as readers of the document make it; zod allows for the rounding of
 * fractions, which beyond 2^51 lets every number through.
 */
function exactMultiple(check: MultipleCheck): MultipleCheck {
  // zod types each check's def more narrowly; that of a multiple has the step as its value.
  const { check: kind, value: step } = check._zod.def as unknown as { readonly check: string; readonly value: unknown }
  if (kind !== 'multiple_of' || !Number.isInteger(step)) return check
  const divisor = Number(step)
  const judge = (payload: z.core.ParsePayload) => {
    if (Number(payload.value) % divisor === 0) return
    payload.issues.push({
      code: 'not_multiple_of',
      origin: 'number',
      divisor,
      input: payload.value as number,
      inst: check,
    })
  }
  // All else is the original's: what a schema says of itself is read from its checks.
  return Object.create(check, { _zod: { value: Object.create(check._zod, { check: { value: judge } }) } })
}
