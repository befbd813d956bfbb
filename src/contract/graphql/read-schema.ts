import type * as z from 'zod'
import { defOf } from '../schema/schema-def.ts'

const WRAPPERS = new Set(['optional', 'nullable', 'default', 'prefault', 'nonoptional', 'readonly', 'catch'])
/** What lets a value be missing, or null. */
const NULLABLE: Readonly<Record<'input' | 'output', ReadonlySet<string>>> = {
  input: new Set(['optional', 'nullable', 'default', 'prefault', 'catch']),
  output: new Set(['optional', 'nullable']),
}

/** The schema behind zod's wrappers, and on the outer side of its pipes. */
export function withoutWrappers(schema: z.ZodType, side: 'input' | 'output' = 'output'): z.ZodType {
  const { type, innerType, getter, ...def } = defOf(schema)
  const inner = WRAPPERS.has(type)
    ? innerType
    : type === 'pipe'
      ? def[side === 'input' ? 'in' : 'out']
      : type === 'lazy'
        ? getter?.()
        : undefined
  return inner ? withoutWrappers(inner, side) : schema
}

/** Whether a value may be missing, or null. */
export function isNullable(schema: z.ZodType, side: 'input' | 'output'): boolean {
  const { type, innerType, getter, ...def } = defOf(schema)
  if (NULLABLE[side].has(type)) return true
  if (type === 'nonoptional' || type === 'default') return false
  if (type === 'union') return (def.options ?? []).some((option) => isNullable(option, side))
  if (type === 'null' || type === 'unknown' || type === 'any') return true
  const inner = type === 'pipe' ? def[side === 'input' ? 'in' : 'out'] : (innerType ?? getter?.())
  return inner ? isNullable(inner, side) : false
}

/** How many elements a list has at most, where its schema says so. */
export function listBoundOf(schema: z.ZodType): number | undefined {
  const bounds = (defOf(withoutWrappers(schema)).checks ?? []).map(
    // zod types each check's def more narrowly; only a length has a maximum.
    (check) => (check._zod.def as unknown as { readonly maximum?: number }).maximum,
  )
  return bounds.find((bound) => bound !== undefined)
}
