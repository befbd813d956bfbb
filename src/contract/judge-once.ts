import type * as z from 'zod'
import { childrenOf, type Def, defOf } from './schema-def.ts'

/**
 * Makes a union that may hold itself judge an object or array once in a run. It tries its options one after the other, and
 * so does each union inside of each of them: what is innermost would be judged as often as two to the power of its depth.
 */
export function judgeOnce(union: z.ZodType): void {
  const inner = union._zod as z.core.$ZodTypeInternals
  const { parse, run } = inner
  /** What became of each, for as long as there is the context of the run. */
  const runs = new WeakMap<object, Map<unknown, z.core.ParsePayload>>()
  const once: typeof parse = (payload, context) => {
    const { value } = payload
    if (typeof value !== 'object' || value === null) return parse(payload, context)
    const judged = runs.get(context) ?? new Map<unknown, z.core.ParsePayload>()
    runs.set(context, judged)
    const known = judged.get(value) ?? parse({ value, issues: [] }, context)
    if (known instanceof Promise) return known
    judged.set(value, known)
    // Whoever has asked puts its own names before the path of each.
    const issues = known.issues.map((issue) => ({ ...issue, path: [...(issue.path ?? [])] }))
    return Object.assign(payload, known, { issues: [...payload.issues, ...issues] })
  }
  inner.parse = once
  // Without checks of its own a schema is run by its parse alone.
  if (run === parse) inner.run = once
}

/** Whether a union tries more than one option on a value, and may come again inside of them. */
export const mayHoldItself = (union: z.ZodType, { options = [], discriminator }: Def): boolean =>
  discriminator === undefined && options.length > 1 && comesAgain(union, new Set(), new Set())

function comesAgain(schema: z.ZodType, around: ReadonlySet<z.ZodType>, cleared: Set<z.ZodType>): boolean {
  if (around.has(schema)) return true
  if (cleared.has(schema)) return false
  const inside = new Set(around).add(schema)
  const found = [...childrenOf(defOf(schema))].some(([, child]) => comesAgain(child, inside, cleared))
  if (!found) cleared.add(schema)
  return found
}
