import { type JsonSchema, listedValues, optionsOf } from '../json-schema.ts'

/** A schema, and the document in which its references are resolved. */
export interface SchemaNode {
  readonly schema: JsonSchema
  readonly document: JsonSchema
}

/** The root of a JSON Schema document as a node. */
export const nodeOf = (document: JsonSchema): SchemaNode => ({ schema: document, document })

/** A part of a node's schema. */
export const partOf = ({ document }: SchemaNode, schema: JsonSchema): SchemaNode => ({ schema, document })

/** Where a chain of references ends; the node itself where it is none, or goes round in a circle. */
export function resolveRef(node: SchemaNode): SchemaNode {
  const refs = new Set<string>()
  let { schema } = node
  while (schema.$ref && !refs.has(schema.$ref)) {
    refs.add(schema.$ref)
    schema = definitionOf(schema.$ref, node.document)
  }
  return partOf(node, schema)
}

/**
 * The schemas of which any one may hold, with references and unions resolved: one for each listed value, one for each type.
 * None where no value is allowed.
 */
export function alternativesOf(node: SchemaNode, refs: readonly string[] = []): readonly SchemaNode[] {
  const { schema, document } = node
  const { $ref } = schema
  if ($ref) {
    // A union that is its own option adds nothing.
    if (refs.includes($ref)) return []
    return alternativesOf(partOf(node, definitionOf($ref, document)), [...refs, $ref])
  }
  if (schema.not) return []
  const options = optionsOf(schema)
  if (options) return options.flatMap((option) => alternativesOf(partOf(node, option), refs))
  const values = listedValues(schema)
  if (values) return values.map((value) => partOf(node, { type: typeOfValue(value), const: value }))
  const { type } = schema
  if (Array.isArray(type))
    return type.flatMap((single) => alternativesOf(partOf(node, { ...schema, type: single }), refs))
  return [partOf(node, expandRecord(schema))]
}

/** Whether a schema accepts every value. */
export const acceptsAnything = ({ schema }: SchemaNode): boolean =>
  schema.type === undefined && listedValues(schema) === undefined

/** The JSON type of a value, with `null` apart from `object`. */
export const typeOfValue = (value: unknown): string => (value === null ? 'null' : typeof value)

function definitionOf($ref: string, document: JsonSchema): JsonSchema {
  if ($ref === '#') return document
  const found = document.$defs?.[$ref.replace('#/$defs/', '')]
  if (!found) throw new Error(`the schema refers to ${$ref}, which it does not define`)
  return found
}

/** A record of listed names, as an object with these properties: its names are values, which readers know, too. */
function expandRecord(schema: JsonSchema): JsonSchema {
  const { propertyNames, additionalProperties } = schema
  const names = propertyNames && listedValues(propertyNames)
  if (!names || typeof additionalProperties !== 'object') return schema
  const properties = Object.fromEntries(names.map((name) => [String(name), additionalProperties]))
  return { ...schema, properties, additionalProperties: false }
}

/**
 * An object that has a choice of listed values, as one object for each of them: `{ kind: 'a' | 'b' }` is then seen to
 * fit `{ kind: 'a' } | { kind: 'b' }`. Undefined where no option is distinguished by that choice.
 */
export function splitByChoice(node: SchemaNode, options: readonly SchemaNode[]): readonly SchemaNode[] | undefined {
  const { schema } = node
  const { properties = {}, required = [] } = schema
  if (options.length < 2) return undefined
  for (const [name, property] of Object.entries(properties)) {
    if (!required.includes(name) || !options.some((option) => isDiscriminator(option, name))) continue
    const choices = alternativesOf(partOf(node, property))
    if (choices.length < 2 || choices.some((choice) => choice.schema.const === undefined)) continue
    return choices.map((choice) => partOf(node, { ...schema, properties: { ...properties, [name]: choice.schema } }))
  }
  return undefined
}

/** Whether two objects are different variants of a union: a name has one listed value here, and another there. */
export function areDifferentVariants(node: SchemaNode, option: SchemaNode): boolean {
  return Object.keys(node.schema.properties ?? {}).some((name) => {
    const [here, there] = [node, option].map((side) => listedValuesAt(side, name))
    return here && there && !here.some((value) => there.includes(value))
  })
}

const isDiscriminator = (option: SchemaNode, name: string) => listedValuesAt(option, name) !== undefined

/** The values that an object's property lists, none of them null; undefined where others may stand there. */
function listedValuesAt(node: SchemaNode, name: string): readonly unknown[] | undefined {
  const property = node.schema.properties?.[name]
  const values = property && alternativesOf(partOf(node, property)).map(({ schema }) => schema.const)
  return values?.every((value) => value !== undefined && value !== null) ? values : undefined
}
