import * as z from 'zod'
import { defOf } from '../schema/schema-def.ts'
import { isNullable, listBoundOf, withoutWrappers } from './read-schema.ts'

/** The types of a schema while it is written. */
export interface Types {
  readonly begin: (type: string) => void
  /** The type of what goes out, without its `!`; objects that have no name of their own (`.meta({ id })`) get `name`. */
  readonly output: (schema: z.ZodType, name: string) => { readonly ref: string }
  /** An argument as it is written in the list of them. */
  readonly argument: (argument: string, schema: z.ZodType, name: string) => string
  readonly field: (type: string, field: WrittenField) => void
  readonly has: (type: string) => boolean
  readonly hasField: (type: string, field: string) => boolean
  readonly names: () => readonly string[]
  readonly text: () => string
}

interface WrittenField {
  readonly name: string
  readonly args: readonly string[]
  readonly ref: string
  readonly description?: string | undefined
  readonly directives?: string
}

type Side = 'input' | 'output'

const NAME = /^(?!__)[A-Za-z_]\w*$/
const INT = 2 ** 31
/** How many elements a list is taken to have where its schema does not say how many there can be. */
export const UNKNOWN_SIZE = 100

/** What JSON can be, where a schema says no more. */
const JSON_SCALAR = 'scalar JSON'
const DATE_TIME = `"A moment, as RFC 3339 writes it"
scalar DateTime @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")`

/** Begins a schema. `refuse` throws with a sentence. */
export function createTypes(refuse: (sentence: string) => never): Types {
  const objects = new Map<string, Map<string, string>>()
  const others = new Map<string, string>()
  const named = new Map<string, z.ZodType>()

  function output(schema: z.ZodType, name: string) {
    return { ref: refOf(withoutWrappers(schema, 'output'), name, 'output') }
  }

  const withNull = (schema: z.ZodType, ref: string, side: Side) => (isNullable(schema, side) ? ref : `${ref}!`)

  /** The type of a schema that has no wrapper. */
  function refOf(schema: z.ZodType, name: string, side: Side): string {
    const def = defOf(schema)
    switch (def.type) {
      case 'string':
        return stringRef(schema)
      case 'template_literal':
        return 'String'
      case 'number':
      case 'int':
        return isInt(schema) ? 'Int' : 'Float'
      case 'boolean':
        return 'Boolean'
      case 'enum':
      case 'literal':
        return valuesRef(schema, name)
      case 'array': {
        if (!def.element) return json()
        const element = refOf(withoutWrappers(def.element, side), singular(name), side)
        return `[${withNull(def.element, element, side)}]`
      }
      case 'union': {
        const options = (def.options ?? [])
          .map((one) => withoutWrappers(one, side))
          .filter((one) => defOf(one).type !== 'null')
        const kinds = new Set(options.map((one) => (defOf(one).type === 'object' ? json() : refOf(one, name, side))))
        const [only] = kinds
        return kinds.size === 1 && only !== undefined ? only : json()
      }
      case 'object':
        return side === 'output' ? objectRef(schema, name) : inputRef(schema, name)
      default:
        return json()
    }
  }

  function json() {
    others.set('JSON', JSON_SCALAR)
    return 'JSON'
  }

  function stringRef(schema: z.ZodType) {
    const { format } = defOf(schema) as { readonly format?: string }
    if (format === 'uuid' || format === 'guid') return 'ID'
    if (format !== 'datetime') return 'String'
    others.set('DateTime', DATE_TIME)
    return 'DateTime'
  }

  function valuesRef(schema: z.ZodType, fallback: string) {
    const { values, entries } = defOf(schema) as { readonly values?: readonly unknown[]; readonly entries?: object }
    const all = values ?? Object.values(entries ?? {})
    if (all.every((value) => typeof value === 'boolean')) return 'Boolean'
    if (all.every((value) => typeof value === 'number')) return all.every((value) => isSmall(value)) ? 'Int' : 'Float'
    if (!all.every((value) => typeof value === 'string')) return json()
    const texts = all.map(String)
    if (!entries || !texts.every((value) => NAME.test(value) && !['true', 'false', 'null'].includes(value)))
      return 'String'
    const name = checked(nameOf(schema) ?? fallback)
    const text = `enum ${name} {\n${texts.map((value) => `  ${value}`).join('\n')}\n}`
    if (objects.has(name) || (others.get(name) ?? text) !== text) refuseTwice(name)
    others.set(name, text)
    return name
  }

  function objectRef(schema: z.ZodType, fallback: string) {
    const entries = Object.entries(defOf(schema).shape ?? {})
    // An object that GraphQL cannot select from is shown as a whole.
    if (entries.length === 0 || entries.some(([field]) => !NAME.test(field))) return json()
    const name = checked(nameOf(schema) ?? fallback)
    if (named.get(name) === schema) return name
    const known = objects.get(name)
    if (others.has(name)) refuseTwice(name)
    const fields = new Map<string, string>()
    if (!known) {
      objects.set(name, fields)
      named.set(name, schema)
    }
    for (const [field, child] of entries) {
      const own = `${name}${capitalised(field)}`
      const ref = refOf(withoutWrappers(child, 'output'), own, 'output')
      const directives = ref.startsWith('[') ? `@listSize(assumedSize: ${listBoundOf(child) ?? UNKNOWN_SIZE})` : ''
      const { description } = z.globalRegistry.get(child) ?? {}
      fields.set(
        field,
        fieldText({ ...{ name: field, args: [], description, directives }, ref: withNull(child, ref, 'output') }),
      )
    }
    if (known && [...known.values()].join() !== [...fields.values()].join()) refuseTwice(name)
    return name
  }

  /** What goes in is called `…Input`: GraphQL has types of its own for that. */
  function inputRef(schema: z.ZodType, fallback: string) {
    const entries = Object.entries(defOf(schema).shape ?? {})
    if (entries.length === 0 || entries.some(([field]) => !NAME.test(field))) return json()
    const base = nameOf(schema) ?? fallback.replace(/Input$/, '')
    const name = checked(`${base}Input`)
    if (named.get(name) === schema) return name
    named.set(name, schema)
    const fields = entries.map(([field, child]) => `  ${argument(field, child, `${base}${capitalised(field)}`)}`)
    const text = `input ${name} {\n${fields.join('\n')}\n}`
    if (objects.has(name) || (others.get(name) ?? text) !== text) refuseTwice(name)
    others.set(name, text)
    return name
  }

  /** An argument, or a field of what goes in. */
  function argument(argument: string, schema: z.ZodType, name: string) {
    if (!NAME.test(argument)) refuse(`${argument} cannot be an argument of GraphQL; rename the parameter`)
    const ref = refOf(withoutWrappers(schema, 'input'), name, 'input')
    return `${describe(z.globalRegistry.get(schema)?.description)}${argument}: ${withNull(schema, ref, 'input')}${defaultOf(schema, ref)}`
  }

  const refuseTwice = (name: string) =>
    refuse(`two schemas would be the type ${name}; give one of them a name of its own by .meta({ id })`)

  function checked(name: string): string {
    if (!NAME.test(name)) refuse(`${name} is no name of a GraphQL type; write letters, digits and _ in .meta({ id })`)
    if (RESERVED.has(name)) refuse(`${name} is a type of GraphQL's own; give the schema another id`)
    return name
  }

  return {
    output,
    begin: (type) => void objects.set(type, objects.get(type) ?? new Map()),
    argument,
    field: (type, field) => {
      if (!NAME.test(field.name)) refuse(`${field.name} is no name of a GraphQL field; write letters, digits and _`)
      objects.get(type)?.set(field.name, fieldText(field))
    },
    has: (type) => objects.has(type) && !ROOTS.has(type),
    hasField: (type, field) => objects.get(type)?.has(field) ?? false,
    names: () => [...objects.keys()].filter((type) => !ROOTS.has(type)),
    text: () =>
      [
        ...[...objects].map(([name, fields]) => `type ${name} {\n${[...fields.values()].join('\n')}\n}`),
        ...others.values(),
      ].join('\n\n'),
  }
}

const ROOTS = new Set(['Query', 'Mutation', 'Subscription'])
const RESERVED = new Set([...ROOTS, 'String', 'Int', 'Float', 'Boolean', 'ID', 'JSON', 'DateTime'])

function fieldText({ name, args, ref, description, directives }: WrittenField): string {
  const list = args.length > 0 ? `(${args.join(', ')})` : ''
  return `  ${describe(description)}${name}${list}: ${ref}${directives ? ` ${directives}` : ''}`
}

const describe = (text: string | undefined) => (text === undefined ? '' : `${JSON.stringify(text)} `)

/** Numbers and booleans are written alike in both; texts and values of enums are not. */
function defaultOf(schema: z.ZodType, ref: string): string {
  const { type, defaultValue } = defOf(schema) as { readonly type: string; readonly defaultValue?: unknown }
  if (type !== 'default' || Object(defaultValue) === defaultValue || defaultValue === null) return ''
  if (typeof defaultValue !== 'string') return ` = ${defaultValue}`
  return ` = ${['String', 'ID', 'DateTime'].includes(ref) ? JSON.stringify(defaultValue) : defaultValue}`
}

const nameOf = (schema: z.ZodType): string | undefined => z.globalRegistry.get(schema)?.id

const isSmall = (value: unknown) => Number.isInteger(value) && Math.abs(Number(value)) < INT

/** Whether all that it can be fits into 32 bits. */
const isInt = (schema: z.ZodType): boolean => {
  // zod knows these of numbers only.
  const { isInt: whole, minValue, maxValue, format } = schema as unknown as z.ZodNumber
  return format === 'int32' || (whole && isSmall(minValue) && isSmall(maxValue))
}

export const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** What one element of a list is called: the list `items` has elements of the type `…Item`. */
const singular = (name: string) => (name.endsWith('s') ? name.slice(0, -1) : `${name}Element`)
