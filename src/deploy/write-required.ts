import * as z from 'zod'

/**
 * Asks a caller for what is refused when it is absent, and promises what is there in any case, by what zod does. By itself it
 * writes what a schema's type in TypeScript has: what a `.catch` fills in, and an unknown that may be undefined.
 */
export function writeRequired(
  { _zod: { def } }: z.core.$ZodTypes,
  json: Record<string, unknown>,
  io: 'input' | 'output',
) {
  const isRequired = io === 'input' ? isAskedFor : isGiven
  if (def.type === 'object') {
    const required = Object.entries(def.shape).flatMap(([name, schema]) => (isRequired(schema) ? [name] : []))
    json.required = required
    if (required.length === 0) delete json.required
  }
  if (def.type === 'tuple' && io === 'input') {
    json.minItems = def.items.findLastIndex(isAskedFor) + 1
    if (json.minItems === 0) delete json.minItems
  }
}

const isAskedFor = (schema: z.core.$ZodType) => schema._zod.optin === undefined

/** JSON leaves out what is undefined. */
function isGiven(schema: z.core.$ZodType) {
  if (schema._zod.optout !== undefined) return false
  const { success, data } = z.safeParse(schema, undefined)
  return !success || data !== undefined
}
