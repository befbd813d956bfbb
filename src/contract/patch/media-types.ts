import type * as z from 'zod'
import { defOf } from '../schema/schema-def.ts'

const mediaTypes = new WeakMap<z.ZodType, string>()

/** Says that bodies of this schema are sent as that media type, and not as plain JSON. */
export function withMediaType<S extends z.ZodType>(schema: S, mediaType: string): S {
  mediaTypes.set(schema, mediaType)
  return schema
}

/** The media types of a body; undefined where it is plain JSON. A union of patches is sent as what each of them is. */
export function mediaTypesOf(schema: z.ZodType): readonly string[] | undefined {
  const own = mediaTypes.get(schema)
  if (own !== undefined) return [own]
  const types = defOf(schema).options?.flatMap((option) => mediaTypesOf(option) ?? [])
  return types && types.length > 0 ? types : undefined
}
