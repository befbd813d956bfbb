import type * as z from 'zod'
import type { EndpointContract } from './endpoint-shape.ts'
import { defOf } from './schema/schema-def.ts'
import { jsonBodyOf } from './streams/body-kind.ts'

/** More would be of no endpoint that people read. */
const MAX_FIELDS = 64
const MAX_DEPTH = 4

/**
 * The fields of the query and of the body that callers may leave out, such as `query.limit` and `body.items[].note`: whether anybody
 * sends them is what a team has to know before it removes one. The others are sent with every request. At most 64, four levels deep.
 */
export function optionalFieldsOf(contract: EndpointContract): readonly string[] {
  const body = jsonBodyOf(contract)
  return [
    ...(contract.query ? fieldsIn(contract.query, 'query', MAX_DEPTH) : []),
    ...(body ? fieldsIn(body, 'body', MAX_DEPTH) : []),
  ].slice(0, MAX_FIELDS)
}

function fieldsIn(schema: z.ZodType, path: string, depth: number): readonly string[] {
  const inner = unwrap(schema)
  const { type, shape, element, options } = defOf(inner)
  if (depth === 0) return []
  if (type === 'array' && element) return fieldsIn(element, `${path}[]`, depth)
  if (type === 'union' && options) return [...new Set(options.flatMap((option) => fieldsIn(option, path, depth)))]
  if (type !== 'object' || !shape) return []
  return Object.entries(shape).flatMap(([name, property]) => {
    const own = `${path}.${name}`
    const isOptional = property.safeParse(undefined).success
    return [...(isOptional ? [own] : []), ...fieldsIn(property, own, depth - 1)]
  })
}

const WRAPPERS = new Set(['optional', 'nullable', 'default', 'prefault', 'nonoptional', 'readonly', 'catch'])

function unwrap(schema: z.ZodType): z.ZodType {
  const { type, innerType, in: input } = defOf(schema)
  if (WRAPPERS.has(type) && innerType) return unwrap(innerType)
  return type === 'pipe' && input ? unwrap(input) : schema
}
