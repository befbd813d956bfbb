import type * as z from 'zod'
import { type Def, defOf } from './schema-def.ts'

const MAX_PATHS = 1_000
const MAX_DEPTH = 8
/** Of a schema that holds itself in many ways. */
const MAX_STEPS = 10_000

/**
 * The paths of all that a JSON value of this schema may hold, such as `items.*.price`: names as the schema has them, and `*` for an
 * element, or for any name of a record. At most 1,000, and 8 levels deep.
 */
export function pathsIn(schema: z.ZodType): ReadonlySet<string> {
  const found = new Set<string>()
  let steps = 0
  const walk = (schema: z.ZodType, prefix: string, depth: number) => {
    if (depth === 0 || found.size >= MAX_PATHS || steps++ >= MAX_STEPS) return
    const def = defOf(schema)
    for (const same of sameAs(def)) walk(same, prefix, depth)
    if (def.getter) walk(def.getter(), prefix, depth - 1)
    for (const [name, child] of within(def)) {
      found.add(prefix + name)
      walk(child, `${prefix}${name}.`, depth - 1)
    }
  }
  walk(schema, '', MAX_DEPTH)
  return found
}

/** What stands for the same value. */
const sameAs = ({ innerType, out, options = [] }: Def): readonly z.ZodType[] =>
  [innerType, out, ...options].filter((schema) => schema !== undefined)

function within({ shape = {}, element, items = [], rest, valueType }: Def): readonly (readonly [string, z.ZodType])[] {
  const unnamed = [element, ...items, rest ?? undefined, valueType].filter((schema) => schema !== undefined)
  return [...Object.entries(shape), ...unnamed.map((schema) => ['*', schema] as const)]
}
