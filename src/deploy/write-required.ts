import type * as z from 'zod'

/**
 * Asks a caller for what is refused when it is absent, and for nothing else. zod asks for what a schema's type in TypeScript
 * has, and so for what a `.catch` fills in.
 */
export function writeRequired({ _zod: { def } }: z.core.$ZodTypes, json: Record<string, unknown>) {
  if (def.type === 'object') {
    const required = Object.keys(def.shape).filter((name) => isRequired(def.shape[name]))
    json.required = required
    if (required.length === 0) delete json.required
  }
  if (def.type === 'tuple') {
    json.minItems = def.items.findLastIndex(isRequired) + 1
    if (json.minItems === 0) delete json.minItems
  }
}

const isRequired = (schema: z.core.$ZodType | undefined) => schema?._zod.optin === undefined
