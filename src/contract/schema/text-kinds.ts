import type * as z from 'zod'
import { defOf } from './schema-def.ts'

/** What a text stands for; with `[]`, a list of them. */
export type TextKind = 'string' | 'number' | 'boolean' | 'string[]' | 'number[]' | 'boolean[]'

/**
 * What the texts of an object's properties stand for as they come out, so that a reader needs no schema: by name, and
 * undefined where one may be of several types.
 */
export const kindsOf = ({ shape }: Pick<z.ZodObject, 'shape'>): Readonly<Record<string, TextKind | undefined>> =>
  // The shape's schemas are typed by their core.
  Object.fromEntries(Object.entries(shape).map(([name, property]) => [name, kindOf(property as z.ZodType)]))

function kindOf(schema: z.ZodType): TextKind | undefined {
  const { type, innerType, out, element, options, values, getter, ...def } = defOf(schema)
  const inner = innerType ?? out ?? getter?.()
  if (inner) return kindOf(inner)
  if (type === 'array' && element) {
    const kind = kindOf(element)
    // A list of lists is refused before this is asked.
    return kind && (`${kind}[]` as TextKind)
  }
  if (options) return only(options.map(kindOf))
  // That of an enum has its entries.
  const listed = values ?? Object.values((def as { readonly entries?: object }).entries ?? {})
  if (listed.length > 0) return only(listed.map((value) => typeof value as TextKind))
  if (type === 'int') return 'number'
  return type === 'number' || type === 'boolean' ? type : 'string'
}

const only = (kinds: readonly (TextKind | undefined)[]) =>
  kinds.every((kind) => kind === kinds[0]) ? kinds[0] : undefined
