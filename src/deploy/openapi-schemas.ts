import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { SCHEMA_NAME } from '../contract/index.ts'

type Json = Readonly<Record<string, unknown>>

/** Writes a schema, as a reference where it has a name. */
export type RenderSchema = (schema: z.ZodType, io: 'input' | 'output') => Json

/**
 * OpenAPI 3.1 is JSON Schema 2020-12. What has a name (`.meta({ id })`), and what a schema defines inside itself since it
 * contains itself, moves to the document's components.
 */
export function schemaRenderer(owner: string, components: Record<string, Json>): RenderSchema {
  return (schema, io) => {
    const override = ({
      zodSchema,
      jsonSchema,
    }: {
      zodSchema: z.core.$ZodType
      jsonSchema: Record<string, unknown>
    }) => {
      writePatterns(zodSchema, jsonSchema)
      // It is about the type in TypeScript; in JSON Schema it would be for the server alone to send.
      if (io === 'input') delete jsonSchema.readOnly
    }
    const { $schema: _dialect, $defs = {}, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', override })
    const prefix = `${owner}-${Object.keys(components).length}`
    const moved = (part: unknown): unknown =>
      JSON.parse(JSON.stringify(part).replaceAll('"#/$defs/', `"#/components/schemas/${prefix}`))
    for (const [name, definition] of Object.entries($defs)) {
      components[prefix + name] = Object(withNames(moved(definition), io, components))
    }
    return Object(withNames(moved(rest), io, components))
  }
}

/** The same with each named part as a reference. One that differs between input and output has two names. */
function withNames(part: unknown, io: 'input' | 'output', components: Record<string, Json>): unknown {
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

const CLASS_OR_CONTROL = /\[(?:[^\]\\]|\\.)*\]|\\([pP])\{Cc\}/g
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f'
/** What readers in other languages do not have, or write otherwise: properties of Unicode, named groups, look-behinds. */
const NOT_PORTABLE = /\\[pPk][{<]|\(\?<|\(\?[ims-]/

/** Publishes the patterns that other engines read as ours does; the others it only describes. */
function writePatterns(schema: z.core.$ZodType, json: Record<string, unknown>) {
  const patterns = patternsIn(schema)
  const written = patterns.map(({ source, flags }) => {
    const plain = source.replace(CLASS_OR_CONTROL, (all, p: string | undefined) =>
      p === undefined ? all : `[${p === 'P' ? '^' : ''}${CONTROLS}]`,
    )
    return /[ims]/.test(flags) || NOT_PORTABLE.test(plain) ? undefined : plain
  })
  if (patterns.every(({ source }, i) => written[i] === source)) return
  const portable = written.filter((source) => source !== undefined)
  delete json.pattern
  delete json.allOf
  if (portable.length === 1) json.pattern = portable[0]
  if (portable.length > 1) json.allOf = portable.map((pattern) => ({ pattern }))
  const others = patterns.filter((_, i) => written[i] === undefined).map((pattern) => `\`${pattern}\``)
  if (others.length === 0) return
  json.description = [json.description, `Matches ${others.join(' and ')} of ECMAScript.`].filter(Boolean).join(' ')
}

/** zod types the def of each string and check more narrowly; those with a pattern have it here. */
function patternsIn({ _zod: { def } }: z.core.$ZodType): readonly RegExp[] {
  const checks = (def.checks ?? []).map((check) => check._zod.def)
  return [def, ...checks].flatMap((part) => {
    const { pattern } = part as { readonly pattern?: unknown }
    return pattern instanceof RegExp ? [pattern] : []
  })
}
