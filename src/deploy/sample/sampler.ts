import * as z from 'zod'
import { type JsonSchema, listedValues, optionsOf } from '../json-schema.ts'
import type { Random } from './random.ts'
import { sampleString, word } from './sample-string.ts'

const MAX_TRIES = 30

/** No value could be sampled: the message says where, and why the schema refuses the candidates. */
export class SampleError extends Error {
  override readonly name = 'SampleError'
}

/**
 * Creates a sampler of values that `schema` accepts, as JSON. An `example` in the schema's meta, or a default, is used as it is.
 * The sampler throws a SampleError if nothing fits, such as for a pattern without an example.
 */
export function createSampler(schema: z.ZodType): (random: Random) => unknown {
  // JsonSchema describes what zod writes more narrowly than zod's own type.
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  return (random) => {
    let reason = ''
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const value = sampleJson(root, { root, random, depth: 0 })
      const { success, error } = schema.safeParse(value)
      if (success) return value
      const [issue] = error.issues
      reason = `${issue?.path.join('.') || 'the value itself'}: ${issue?.message}`
    }
    throw new SampleError(reason)
  }
}

interface SampleContext {
  readonly root: JsonSchema
  readonly random: Random
  /** The depth of nesting, which limits schemas that contain themselves. */
  readonly depth: number
}

const MAX_DEPTH = 5
const MAX_EXTRA_ITEMS = 2

/** A value for a JSON Schema as zod writes it; refinements that JSON Schema cannot express are ignored. */
function sampleJson(schema: JsonSchema, context: SampleContext): unknown {
  const { root, random, depth } = context
  if (schema.$ref) return sampleJson(resolveRef(schema.$ref, root), { ...context, depth: depth + 1 })
  const given = givenValue(schema)
  if (given) return given.value
  const values = listedValues(schema)
  if (values) return random.pick(values)
  const options = optionsOf(schema)
  if (options) return sampleJson(depth > MAX_DEPTH ? simplestOf(options) : random.pick(options), context)
  const [type] = [schema.type].flat()
  if (type === 'object') return sampleObject(schema, { ...context, depth: depth + 1 })
  if (type === 'array') return sampleArray(schema, { ...context, depth: depth + 1 })
  if (type === 'string') return sampleString(schema, random)
  if (type === 'number' || type === 'integer') return sampleNumber(schema, random)
  if (type === 'boolean') return random.pick([true, false])
  return type === 'null' ? null : word(random)
}

/** A value that the schema's author has given. */
function givenValue({ example, examples, default: defaultValue }: JsonSchema): { readonly value: unknown } | undefined {
  const value = example ?? examples?.[0] ?? defaultValue
  return value === undefined ? undefined : { value }
}

const resolveRef = (ref: string, root: JsonSchema): JsonSchema =>
  ref === '#' ? root : (root.$defs?.[ref.replace('#/$defs/', '')] ?? {})

const CONTAINERS = new Set<unknown>(['object', 'array', undefined])
const simplestOf = (options: readonly JsonSchema[]): JsonSchema =>
  options.find(({ type, const: only }) => !CONTAINERS.has(type) || only !== undefined) ?? options.at(-1) ?? {}

function sampleObject(schema: JsonSchema, context: SampleContext): unknown {
  const { properties, required = [] } = schema
  if (!properties) return sampleRecord(schema, context)
  const kept = Object.entries(properties).filter(
    ([name, property]) => required.includes(name) || (isPossible(property) && isLikely(context)),
  )
  return Object.fromEntries(kept.map(([name, property]) => [name, sampleJson(property, context)]))
}

const isPossible = ({ not }: JsonSchema) => not === undefined
const isLikely = ({ depth, random }: SampleContext) => depth <= MAX_DEPTH && random.fraction() < 0.7

function sampleRecord(
  { additionalProperties, propertyNames = { type: 'string' } }: JsonSchema,
  context: SampleContext,
) {
  if (typeof additionalProperties !== 'object') return {}
  const names = listedValues(propertyNames) ?? (context.depth > MAX_DEPTH ? [] : [sampleJson(propertyNames, context)])
  return Object.fromEntries(names.map((name) => [String(name), sampleJson(additionalProperties, context)]))
}

function sampleArray(schema: JsonSchema, context: SampleContext): readonly unknown[] {
  const { prefixItems = [], items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema
  const first = prefixItems.map((item) => sampleJson(item, context))
  if (typeof items !== 'object') return first
  const min = Math.max(minItems - first.length, 0)
  const wanted = context.depth > MAX_DEPTH ? min : min + context.random.integer(1, MAX_EXTRA_ITEMS)
  const length = Math.min(wanted, maxItems - first.length)
  return [...first, ...Array.from({ length }, () => sampleJson(items, context))]
}

/** The range above the lower bound, in steps: a price is rather 12 than 8,412,709. */
const MAX_STEPS = 1_000

/** A number within the bounds of its schema, as small as they allow. */
function sampleNumber(schema: JsonSchema, random: Random): number {
  const step = schema.multipleOf ?? (schema.type === 'integer' ? 1 : 0.01)
  const max = upperBound(schema)
  const min = lowerBound(schema) ?? (max !== undefined && max < 1 ? max - MAX_STEPS * step : 1)
  const first = stepsUp(min, step, { isExclusive: schema.exclusiveMinimum === min })
  const last =
    max === undefined ? first + MAX_STEPS : stepsDown(max, step, { isExclusive: schema.exclusiveMaximum === max })
  if (last < first) return (min + (max ?? min)) / 2
  // 3 * 0.1 is not 0.3 by itself.
  return Number((random.integer(first, Math.min(last, first + MAX_STEPS)) * step).toFixed(10))
}

const stepsUp = (bound: number, step: number, { isExclusive }: { isExclusive: boolean }) => {
  const steps = Math.ceil(bound / step)
  return isExclusive && steps * step === bound ? steps + 1 : steps
}
const stepsDown = (bound: number, step: number, { isExclusive }: { isExclusive: boolean }) => {
  const steps = Math.floor(bound / step)
  return isExclusive && steps * step === bound ? steps - 1 : steps
}

const lowerBound = ({ minimum, exclusiveMinimum }: JsonSchema) => tighterBound(minimum, exclusiveMinimum, Math.max)
const upperBound = ({ maximum, exclusiveMaximum }: JsonSchema) => tighterBound(maximum, exclusiveMaximum, Math.min)

/** The bounds of safe integers are written by zod, not by the schema's author. */
function tighterBound(one: number | undefined, other: number | undefined, choose: typeof Math.max): number | undefined {
  const bounds = [one, other].filter((bound) => bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER)
  return bounds.length > 0 ? choose(...bounds.map(Number)) : undefined
}
