/** The part of JSON Schema 2020-12 that zod writes. */
export interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly not?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | boolean
  readonly propertyNames?: JsonSchema
  readonly items?: JsonSchema | boolean
  readonly prefixItems?: readonly JsonSchema[]
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly multipleOf?: number
  readonly default?: unknown
  readonly example?: unknown
  readonly examples?: readonly unknown[]
}

/** The values that a schema lists one by one; undefined where it lists none. */
export function listedValues({ enum: values, const: only, ...rest }: JsonSchema): readonly unknown[] | undefined {
  if (values) return values
  if (only !== undefined) return [only]
  return rest.type === 'null' ? [null] : undefined
}

/** The schemas of which any one may hold; undefined where it is no union. */
export const optionsOf = ({ anyOf, oneOf }: JsonSchema): readonly JsonSchema[] | undefined => anyOf ?? oneOf

/** A schema of JSON Schema 2020-12 in the words of draft 07, which differ here for tuples only. */
export function toDraft07(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toDraft07)
  if (typeof schema !== 'object' || schema === null) return schema
  const { prefixItems, items, ...rest } = schema as Readonly<Record<string, unknown>>
  const others = Object.fromEntries(Object.entries(rest).map(([key, part]) => [key, toDraft07(part)]))
  if (!Array.isArray(prefixItems)) return items === undefined ? others : { ...others, items: toDraft07(items) }
  const more = items === undefined ? {} : { additionalItems: toDraft07(items) }
  return { ...others, items: prefixItems.map(toDraft07), ...more }
}
