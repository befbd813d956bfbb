import { type JsonSchema, listedValues, optionsOf } from '../json-schema.ts'

/** A schema, and the document in which its references are good. */
export interface Node {
  readonly schema: JsonSchema
  readonly document: JsonSchema
}

export const nodeOf = (document: JsonSchema): Node => ({ schema: document, document })

/** A part of a node's schema. */
export const within = ({ document }: Node, schema: JsonSchema): Node => ({ schema, document })

/** Where a chain of references ends; the node itself where it is none, or goes round in a circle. */
export function resolved(node: Node): Node {
  const refs = new Set<string>()
  let { schema } = node
  while (schema.$ref && !refs.has(schema.$ref)) {
    refs.add(schema.$ref)
    schema = definitionOf(schema.$ref, node.document)
  }
  return within(node, schema)
}

/**
 * The schemas of which any one may hold, none of them a reference or a union any more: one for each listed value, one for
 * each type. None at all where nothing can hold.
 */
export function alternativesOf(node: Node, refs: readonly string[] = []): readonly Node[] {
  const { schema, document } = node
  const { $ref } = schema
  if ($ref) {
    // A union that is its own option adds nothing.
    if (refs.includes($ref)) return []
    return alternativesOf(within(node, definitionOf($ref, document)), [...refs, $ref])
  }
  if (schema.not) return []
  const options = optionsOf(schema)
  if (options) return options.flatMap((option) => alternativesOf(within(node, option), refs))
  const values = listedValues(schema)
  if (values) return values.map((value) => within(node, { type: typeOfValue(value), const: value }))
  const { type } = schema
  if (Array.isArray(type)) return type.flatMap((one) => alternativesOf(within(node, { ...schema, type: one }), refs))
  return [within(node, spelledOut(schema))]
}

/** What accepts every value. */
export const isAnything = ({ schema }: Node): boolean => schema.type === undefined && listedValues(schema) === undefined

export const typeOfValue = (value: unknown): string => (value === null ? 'null' : typeof value)

function definitionOf($ref: string, document: JsonSchema): JsonSchema {
  if ($ref === '#') return document
  const found = document.$defs?.[$ref.replace('#/$defs/', '')]
  if (!found) throw new Error(`the schema refers to ${$ref}, which it does not define`)
  return found
}

/** A record of listed names is an object that has them. */
function spelledOut(schema: JsonSchema): JsonSchema {
  const { propertyNames, additionalProperties } = schema
  const names = propertyNames && listedValues(propertyNames)
  if (!names || typeof additionalProperties !== 'object') return schema
  const { propertyNames: _names, ...rest } = schema
  const properties = Object.fromEntries(names.map((name) => [String(name), additionalProperties]))
  return { ...rest, properties, additionalProperties: false }
}
