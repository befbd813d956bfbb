import { isDeepStrictEqual } from 'node:util'
import type * as z from 'zod'
import { SCHEMA_NAME } from '../contract/index.ts'
import { type Io, renderSchema } from './render-schema.ts'

type Json = Readonly<Record<string, unknown>>

/** Writes a schema, as a reference where it has a name. */
export type RenderSchema = (schema: z.ZodType, io: Io) => Json

/**
 * OpenAPI 3.1 is JSON Schema 2020-12. What has a name (`.meta({ id })`), and what a schema defines inside itself since it
 * contains itself, moves to the document's components.
 */
export function schemaRenderer(owner: string, components: Record<string, Json>): RenderSchema {
  return (schema, io) => {
    const { $defs = {}, ...rest } = renderSchema(schema, io)
    const prefix = `${owner}-${Object.keys(components).length}`
    const whole = `"$ref":"#/components/schemas/${prefix}"`
    const text = JSON.stringify(rest)
    const moved = (text: string): unknown =>
      JSON.parse(text.replaceAll('"#/$defs/', `"#/components/schemas/${prefix}`).replaceAll('"$ref":"#"', whole))
    for (const [name, definition] of Object.entries(Object($defs))) {
      components[prefix + name] = Object(withNames(moved(JSON.stringify(definition)), io, components))
    }
    const written = Object(withNames(moved(text), io, components))
    if (!JSON.stringify([rest, $defs]).includes('"$ref":"#"')) return written
    // In the document `#` would be the document.
    components[prefix] = written
    return { $ref: `#/components/schemas/${prefix}` }
  }
}

/** The same with each named part as a reference. One that differs between input and output has two names. */
function withNames(part: unknown, io: Io, components: Record<string, Json>): unknown {
  if (Array.isArray(part)) return part.map((one) => withNames(one, io, components))
  if (typeof part !== 'object' || part === null) return part
  const { [SCHEMA_NAME]: name, ...rest } = part as Json
  const children = Object.entries(rest).map(([key, child]) => [key, withNames(child, io, components)])
  const written: Json = Object.fromEntries(children)
  if (typeof name !== 'string') return written
  const names = [name, `${name}${io === 'input' ? 'Input' : 'Output'}`]
  const free = names.find((one) => !components[one] || isDeepStrictEqual(components[one], written))
  if (!free) return written
  components[free] = written
  return { $ref: `#/components/schemas/${free}` }
}
