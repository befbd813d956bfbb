import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { clone } from 'zod/v4/core'
import { SCHEMA_NAME } from '../contract/index.ts'
import { writePatterns } from './write-patterns.ts'

type Json = Readonly<Record<string, unknown>>

/** Writes a schema, as a reference where it has a name. */
export type RenderSchema = (schema: z.ZodType, io: Io) => Json

interface RendererOptions {
  /** Where the components stand in their document. */
  readonly root?: string
  /** Whether what has a name is a component: readers of one schema need not know it. */
  readonly named?: boolean
}

/**
 * OpenAPI 3.1 is JSON Schema 2020-12. What has a name (`.meta({ id })`), and what a schema defines inside itself since it
 * contains itself, moves to the document's components.
 */
export function schemaRenderer(
  owner: string,
  components: Record<string, Json>,
  { root = '#/components/schemas/', named = true }: RendererOptions = {},
): RenderSchema {
  const written = (part: unknown, io: Io): Json => Object(named ? withNames(part, io, components) : withoutNames(part))
  return (schema, io) => {
    const { $defs = {}, ...rest } = renderSchema(schema, io)
    const prefix = `${owner}-${Object.keys(components).length}`
    const whole = `"$ref":"${root}${prefix}"`
    const text = JSON.stringify(rest)
    const move = (text: string): unknown =>
      JSON.parse(text.replaceAll('"#/$defs/', `"${root}${prefix}`).replaceAll('"$ref":"#"', whole))
    for (const [name, definition] of Object.entries(Object($defs))) {
      components[prefix + name] = written(move(JSON.stringify(definition)), io)
    }
    const moved = written(move(text), io)
    if (!JSON.stringify([rest, $defs]).includes('"$ref":"#"')) return moved
    // In the document `#` would be the document.
    components[prefix] = moved
    return { $ref: root + prefix }
  }
}

/** The same with each named part as a reference. One that differs between input and output has two names. */
function withNames(part: unknown, io: Io, components: Record<string, Json>): unknown {
  if (Array.isArray(part)) return part.map((item) => withNames(item, io, components))
  if (typeof part !== 'object' || part === null) return part
  const { [SCHEMA_NAME]: name, ...rest } = part as Json
  const children = Object.entries(rest).map(([key, child]) => [key, withNames(child, io, components)])
  const written: Json = Object.fromEntries(children)
  if (typeof name !== 'string') return written
  const names = [name, `${name}${io === 'input' ? 'Input' : 'Output'}`]
  const free = names.find((name) => !components[name] || isDeepStrictEqual(components[name], written))
  if (!free) return written
  components[free] = written
  return { $ref: `#/components/schemas/${free}` }
}

const withoutNames = (part: unknown): unknown =>
  JSON.parse(JSON.stringify(part, (key, value) => (key === SCHEMA_NAME ? undefined : value)))

type Io = 'input' | 'output'
type MutableJson = Record<string, unknown>
type Check = z.core.$ZodCheck<never>

/**
 * Writes a schema as JSON Schema 2020-12, as the platform enforces it: input before any change, output after it. A schema
 * that contains itself refers to `#`.
 */
function renderSchema(schema: z.ZodType, io: Io): MutableJson {
  const override: Override = ({ zodSchema, jsonSchema }) => {
    writePatterns(zodSchema, jsonSchema)
    // In zod it is about the type in TypeScript; in JSON Schema it would say that only the server sends it.
    if (io === 'input') delete jsonSchema.readOnly
    writeRequired(zodSchema, jsonSchema, io)
    writeUnchanged(zodSchema, jsonSchema, io)
    // Any input is accepted.
    if (io === 'input' && zodSchema._zod.def.type === 'catch') replace(jsonSchema, {})
  }
  const { $schema: _dialect, ...rendered } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', override })
  return rendered
}

type Override = (context: { zodSchema: z.core.$ZodTypes; jsonSchema: MutableJson }) => void

/** Of checks on both sides of an overwrite (`.trim()`), only those count that see the value as callers do. */
function writeUnchanged(schema: z.core.$ZodType, json: MutableJson, io: Io) {
  // zod types the checks of each schema more narrowly.
  const { type, checks = [] } = schema._zod.def as { readonly type: string; readonly checks?: readonly Check[] }
  const overwrites = checks.map((check) => (check._zod.def as { readonly check: string }).check === 'overwrite')
  if (!overwrites.includes(true)) return
  const visible =
    io === 'input' ? checks.slice(0, overwrites.indexOf(true)) : checks.slice(overwrites.lastIndexOf(true) + 1)
  if (type !== 'string' && type !== 'number') return
  // The same schema with fewer checks.
  const rules = renderSchema(clone(schema as z.ZodType, { ...schema._zod.def, checks: visible } as never), io)
  const others = Object.keys(json).filter((key) => !NOTES.includes(key) && rules[key] !== json[key])
  const hidden = others.map((key) => `${key} ${JSON.stringify(json[key])}`).join(', ')
  replace(json, rules)
  if (io === 'input' && hidden) {
    json.description = [json.description, `The changed value has ${hidden}.`].filter(Boolean).join(' ')
  }
}

const NOTES = ['title', 'description', 'default', 'examples', 'example', 'deprecated', 'id', 'x-name']

/** Replaces the rules, and keeps what is for people. */
function replace(json: MutableJson, rules: MutableJson) {
  for (const key of Object.keys(json)) if (!NOTES.includes(key)) delete json[key]
  for (const [key, rule] of Object.entries(rules)) json[key] ??= rule
}

/**
 * Requires of a caller what is refused when it is absent, and promises what is always there, by what zod does. zod itself
 * writes what a schema's type in TypeScript says, which differs for what a `.catch` fills in and for an unknown.
 */
function writeRequired({ _zod: { def } }: z.core.$ZodTypes, json: Record<string, unknown>, io: 'input' | 'output') {
  const isRequired = io === 'input' ? isRequiredInput : isAlwaysPresent
  if (def.type === 'object') {
    const required = Object.entries(def.shape).flatMap(([name, schema]) => (isRequired(schema) ? [name] : []))
    json.required = required
    if (required.length === 0) delete json.required
  }
  if (def.type === 'tuple' && io === 'input') {
    json.minItems = def.items.findLastIndex(isRequiredInput) + 1
    if (json.minItems === 0) delete json.minItems
  }
}

const isRequiredInput = (schema: z.core.$ZodType) => schema._zod.optin === undefined

/** JSON leaves out what is undefined. */
function isAlwaysPresent(schema: z.core.$ZodType) {
  if (schema._zod.optout !== undefined) return false
  const { success, data } = z.safeParse(schema, undefined)
  return !success || data !== undefined
}
