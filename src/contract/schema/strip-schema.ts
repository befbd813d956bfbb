import type * as z from 'zod'
import { childrenOf, type Def, defOf } from './schema-def.ts'

/** Whether a value that goes out may be stripped to fit more than one option of a union. */
export const isAmbiguous = ({ options = [], discriminator }: Def): boolean =>
  discriminator === undefined && options.filter((option) => containsObject(option, new Set())).length > 1

function containsObject(schema: z.ZodType, seen: Set<z.ZodType>): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  const def = defOf(schema)
  return def.type === 'object' || [...childrenOf(def)].some(([, child]) => containsObject(child, seen))
}

type Inner = z.core.$ZodTypeInternals
type Parse = Inner['parse']

/**
 * Makes a union that strips take the first option that `strict` takes, as where the value comes in; where there are keys
 * that no option names, the one that keeps the most of them.
 */
export function chooseOption(union: z.ZodType, strict: z.ZodType): void {
  const inner = union._zod as Inner
  const { parse, run } = inner
  const { options = [], inclusive = true } = union.def as Def & { readonly inclusive?: boolean }
  const chosen: Parse = (payload, context) => {
    const attempt = (option: z.core.$ZodType) => {
      const result = option._zod.run({ value: payload.value, issues: [] }, context)
      return !(result instanceof Promise) && result.issues.length === 0 ? [result.value] : []
    }
    const [exact] = attempt(strict).map((value) => ({ value }))
    const kept = exact || !inclusive ? [] : options.flatMap(attempt)
    if (!exact && kept.length < 2) return parse(payload, context)
    payload.value = exact ? exact.value : kept.reduce((most, value) => (sizeOf(value) > sizeOf(most) ? value : most))
    return payload
  }
  inner.parse = chosen
  // Without checks of its own a schema is run by its parse alone.
  if (run === parse) inner.run = chosen
}

/** How many names and elements there are in a value, at every depth. */
const sizeOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, one) => sum + 1 + sizeOf(one), 0)
    : 0
