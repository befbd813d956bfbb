import type * as z from 'zod'
import { childrenOf, defOf } from './schema-def.ts'

/** Whether a schema writes over what it is given, as `.trim()` does: read a second time, a value may be refused, or another one. */
export function overwrites(schema: z.ZodType, seen = new Set<z.ZodType>()): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  const def = defOf(schema)
  // zod types each check's def more narrowly; all of them say which check it is.
  const kinds = (def.checks ?? []).map((check) => (check._zod.def as unknown as { readonly check: string }).check)
  return kinds.includes('overwrite') || [...childrenOf(def)].some(([, child]) => overwrites(child, seen))
}
