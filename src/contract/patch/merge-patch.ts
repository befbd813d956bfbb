import * as z from 'zod'
import { ContractError } from '../contract-error.ts'
import { defOf } from '../schema/schema-def.ts'
import { withMediaType } from './media-types.ts'

/**
 * What changes a document, as RFC 7396 writes it: the members that change, and null for one that is deleted, which only an
 * optional one can be. Lists are replaced as a whole.
 * @example const patch: MergePatch<{ name: string; note?: string }> = { note: null }
 */
export type MergePatch<T, In = T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: PatchedMember<T[K], K extends keyof In ? In[K] : T[K]> }
    : T

type PatchedMember<T, In> =
  | MergePatch<Exclude<T, undefined>, Exclude<In, undefined>>
  | (undefined extends In ? null : never)

/**
 * The body of a PATCH that is sent as `application/merge-patch+json` (RFC 7396): each member of the schema may be left out, and
 * null deletes an optional one. {@link applyPatch} applies it.
 * @example
 * const Order = z.object({ quantity: z.int().min(1), note: z.string().optional() })
 * const body = mergePatch(Order)
 * @see docs/guide/29-replies.md
 */
export function mergePatch<S extends z.ZodObject>(
  schema: S,
): z.ZodType<MergePatch<z.output<S>, z.input<S>>, MergePatch<z.input<S>>> {
  // It has a member for each of the schema, each optional: what the type says.
  return withMediaType(patchOf(schema, '', new Map()), 'application/merge-patch+json') as never
}

function patchOf(schema: z.ZodObject, path: string, made: Map<z.ZodType, z.ZodObject>): z.ZodObject {
  const known = made.get(schema)
  if (known) return known
  const { shape } = schema
  // As getters, so that a schema may contain itself.
  const members = Object.keys(shape).map((name) => {
    const here = path === '' ? name : `${path}.${name}`
    // zod types a shape's schemas by its core.
    return [name, { enumerable: true, get: () => memberOf(shape[name] as z.ZodType, here, made) }] as const
  })
  const patch = z.object(Object.defineProperties({}, Object.fromEntries(members)))
  made.set(schema, patch)
  return patch
}

function memberOf(schema: z.ZodType, path: string, made: Map<z.ZodType, z.ZodObject>): z.ZodType {
  const { inner, isOptional, isNullable } = unwrap(schema)
  if (isNullable && !isOptional) {
    throw new ContractError(
      '?',
      `in mergePatch, ${path} may be null, and in a merge patch null deletes; write .optional() in place of .nullable(), or take jsonPatch()`,
    )
  }
  const changed = inner instanceof z.ZodObject ? patchOf(inner, path, made) : inner
  return isOptional ? changed.nullable().optional() : changed.optional()
}

/** A schema without what it does to a member that is absent: a patch leaves that as it is. */
function unwrap(schema: z.ZodType, isOptional = false, isNullable = false) {
  const { type, innerType } = defOf(schema)
  if (innerType && (type === 'optional' || type === 'default' || type === 'prefault'))
    return unwrap(innerType, true, isNullable)
  if (innerType && type === 'nullable') return unwrap(innerType, isOptional, true)
  return { inner: schema, isOptional, isNullable }
}
