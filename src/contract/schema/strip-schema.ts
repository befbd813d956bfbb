import type * as z from 'zod'
import { clone } from 'zod/v4/core'
import { replaceParse } from './bound-parse.ts'
import { childrenOf, type Def, defOf } from './schema-def.ts'
import { createStrictDirection, rebuild } from './strict-schema.ts'

/**
 * What one schema says about what goes out: a clone that strips unknown keys at every depth. Of a union it is the option
 * that would be taken as what comes in; where none would, since there are unknown keys, the one that keeps most.
 * @example
 * const Position = toOutput(z.object({ sku: z.string(), createdAt: z.iso.datetime() }))
 * Position.parse({ sku: 'LAMP-BRASS-01', createdAt: '2026-01-02T03:04:05Z', stock: 3 })
 * @see docs/contracts.md
 */
export function toOutput<S extends z.ZodType>(schema: S): S {
  const strict = createStrictDirection()
  const onRebuilt = (rebuilt: z.ZodType, original: z.ZodType) => {
    const def = defOf(original)
    if (!isAmbiguous(def)) return
    const options = def.options?.map((option) => rebuild(option, strict))
    // The def differs from the original in its children only, so the constructor accepts it.
    chooseOption(rebuilt, clone(original, { ...def, options, checks: [] } as never))
  }
  // It is rebuilt of schemas of the same kinds, so that its type stays what it was.
  return rebuild(schema, { catchall: undefined, made: new Map(), onRebuilt }) as S
}

/** Whether a value that goes out may be stripped to fit more than one option of a union. */
const isAmbiguous = ({ options = [], discriminator }: Def): boolean =>
  discriminator === undefined && options.filter((option) => containsObject(option, new Set())).length > 1

function containsObject(schema: z.ZodType, seen: Set<z.ZodType>): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  const def = defOf(schema)
  return def.type === 'object' || [...childrenOf(def)].some(([, child]) => containsObject(child, seen))
}

/**
 * Makes a union that strips take the first option that `strict` takes, as where the value comes in; where there are keys
 * that no option names, the one that keeps the most of them.
 */
function chooseOption(union: z.ZodType, strict: z.ZodType): void {
  const { parse } = union._zod
  const { options = [], inclusive = true } = union.def as Def & { readonly inclusive?: boolean }
  replaceParse(union, (payload, context) => {
    const attempt = (option: z.core.$ZodType) => {
      const result = option._zod.run({ value: payload.value, issues: [] }, context)
      return !(result instanceof Promise) && result.issues.length === 0 ? [result.value] : []
    }
    const [exact] = attempt(strict).map((value) => ({ value }))
    const kept = exact || !inclusive ? [] : options.flatMap(attempt)
    if (!exact && kept.length < 2) return parse(payload, context)
    payload.value = exact ? exact.value : kept.reduce((most, value) => (sizeOf(value) > sizeOf(most) ? value : most))
    return payload
  })
}

/** The number of names and elements in a value, at every depth. */
const sizeOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, member) => sum + 1 + sizeOf(member), 0)
    : 0
