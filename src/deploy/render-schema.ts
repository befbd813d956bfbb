import * as z from 'zod'
import { clone } from 'zod/v4/core'
import { writePatterns } from './write-patterns.ts'
import { writeRequired } from './write-required.ts'

export type Io = 'input' | 'output'
type Json = Record<string, unknown>
type Check = z.core.$ZodCheck<never>

/**
 * Writes a schema as JSON Schema 2020-12, as the platform holds to it: what comes in before it is changed, what goes out
 * after. What contains itself refers to `#`.
 */
export function renderSchema(schema: z.ZodType, io: Io): Json {
  const override: Override = ({ zodSchema, jsonSchema }) => {
    writePatterns(zodSchema, jsonSchema)
    // It is about the type in TypeScript; in JSON Schema it would be for the server alone to send.
    if (io === 'input') delete jsonSchema.readOnly
    writeRequired(zodSchema, jsonSchema, io)
    writeUnchanged(zodSchema, jsonSchema, io)
    // Whatever comes in its place is taken.
    if (io === 'input' && zodSchema._zod.def.type === 'catch') replace(jsonSchema, {})
  }
  const { $schema: _dialect, ...rendered } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', override })
  return rendered
}

type Override = (context: { zodSchema: z.core.$ZodTypes; jsonSchema: Json }) => void

/** Of checks on both sides of a change (`.trim()`) only those count that see what callers see. */
function writeUnchanged(schema: z.core.$ZodType, json: Json, io: Io) {
  // zod types the checks of each schema more narrowly.
  const { type, checks = [] } = schema._zod.def as { readonly type: string; readonly checks?: readonly Check[] }
  const changes = checks.map((check) => (check._zod.def as { readonly check: string }).check === 'overwrite')
  if (!changes.includes(true)) return
  const seen = io === 'input' ? checks.slice(0, changes.indexOf(true)) : checks.slice(changes.lastIndexOf(true) + 1)
  if (type !== 'string' && type !== 'number') return
  // The same schema with fewer checks.
  const rules = renderSchema(clone(schema as z.ZodType, { ...schema._zod.def, checks: seen } as never), io)
  const others = Object.keys(json).filter((key) => !NOTES.includes(key) && rules[key] !== json[key])
  const told = others.map((key) => `${key} ${JSON.stringify(json[key])}`).join(', ')
  replace(json, rules)
  if (io === 'input' && told) {
    json.description = [json.description, `What becomes of it has ${told}.`].filter(Boolean).join(' ')
  }
}

const NOTES = ['title', 'description', 'default', 'examples', 'example', 'deprecated', 'id', 'x-name']

/** Puts other rules in the place of those that are there; what people read stays. */
function replace(json: Json, rules: Json) {
  for (const key of Object.keys(json)) if (!NOTES.includes(key)) delete json[key]
  for (const [key, rule] of Object.entries(rules)) json[key] ??= rule
}
