import { type JsonSchema, listedValues, optionsOf } from '../../deploy/json-schema.ts'
import type { Random } from './random.ts'
import { sampleNumber } from './sample-number.ts'
import { sampleString, word } from './sample-string.ts'

export interface SampleContext {
  readonly root: JsonSchema
  readonly random: Random
  /** How far inside: a schema that contains itself ends where this is deep. */
  readonly depth: number
}

const DEEP = 5
const MORE_ITEMS = 2

/** A value for a JSON Schema as zod writes it; refinements that the schema cannot say are not seen. */
export function sampleJson(schema: JsonSchema, context: SampleContext): unknown {
  const { root, random, depth } = context
  if (schema.$ref) return sampleJson(refOf(schema.$ref, root), { ...context, depth: depth + 1 })
  const given = givenBy(schema)
  if (given) return given.value
  const values = listedValues(schema)
  if (values) return random.pick(values)
  const options = optionsOf(schema)
  if (options) return sampleJson(depth > DEEP ? simplestOf(options) : random.pick(options), context)
  const [type] = [schema.type].flat()
  if (type === 'object') return sampleObject(schema, { ...context, depth: depth + 1 })
  if (type === 'array') return sampleArray(schema, { ...context, depth: depth + 1 })
  if (type === 'string') return sampleString(schema, random)
  if (type === 'number' || type === 'integer') return sampleNumber(schema, random)
  if (type === 'boolean') return random.pick([true, false])
  return type === 'null' ? null : word(random)
}

/** What whoever wrote the schema has given for a value. */
function givenBy({ example, examples, default: usual }: JsonSchema): { readonly value: unknown } | undefined {
  const value = example ?? examples?.[0] ?? usual
  return value === undefined ? undefined : { value }
}

const refOf = (ref: string, root: JsonSchema): JsonSchema =>
  ref === '#' ? root : (root.$defs?.[ref.replace('#/$defs/', '')] ?? {})

const HOLDERS = new Set<unknown>(['object', 'array', undefined])
const simplestOf = (options: readonly JsonSchema[]): JsonSchema =>
  options.find(({ type, const: only }) => !HOLDERS.has(type) || only !== undefined) ?? options.at(-1) ?? {}

function sampleObject(schema: JsonSchema, context: SampleContext): unknown {
  const { properties, required = [] } = schema
  if (!properties) return sampleRecord(schema, context)
  const kept = Object.entries(properties).filter(
    ([name, property]) => required.includes(name) || (isPossible(property) && isLikely(context)),
  )
  return Object.fromEntries(kept.map(([name, property]) => [name, sampleJson(property, context)]))
}

const isPossible = ({ not }: JsonSchema) => not === undefined
const isLikely = ({ depth, random }: SampleContext) => depth <= DEEP && random.fraction() < 0.7

function sampleRecord(
  { additionalProperties, propertyNames = { type: 'string' } }: JsonSchema,
  context: SampleContext,
) {
  if (typeof additionalProperties !== 'object') return {}
  const names = listedValues(propertyNames) ?? (context.depth > DEEP ? [] : [sampleJson(propertyNames, context)])
  return Object.fromEntries(names.map((name) => [String(name), sampleJson(additionalProperties, context)]))
}

function sampleArray(schema: JsonSchema, context: SampleContext): readonly unknown[] {
  const { prefixItems = [], items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema
  const first = prefixItems.map((item) => sampleJson(item, context))
  if (typeof items !== 'object') return first
  const least = Math.max(minItems - first.length, 0)
  const wanted = context.depth > DEEP ? least : least + context.random.integer(1, MORE_ITEMS)
  const length = Math.min(wanted, maxItems - first.length)
  return [...first, ...Array.from({ length }, () => sampleJson(items, context))]
}
