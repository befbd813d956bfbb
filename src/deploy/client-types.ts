import { isEventStream } from '../contract/index.ts'
import type { EndpointData } from './contracts-data.ts'
import { type JsonSchema, listedValues, optionsOf } from './json-schema.ts'

/** The name of an endpoint's method: `place-order` is `placeOrder`. */
export const methodOf = ({ route }: EndpointData): string => {
  const name = pascal(route.name)
  return name.slice(0, 1).toLowerCase() + name.slice(1)
}

/**
 * Renders the `index.d.ts` of a packed client: `callTypes`, which are plain and import nothing, then a type for each part
 * of each endpoint, and the client over them. It needs neither zod nor the contracts.
 */
export function clientTypes(endpoints: readonly EndpointData[], { callTypes }: { callTypes: string }): string {
  if (/^\s*(import|export .* from)\b/m.test(callTypes)) throw new Error('the types of a call must import nothing')
  const calls = endpoints.map((endpoint) => `${doc(endpoint)}  readonly ${methodOf(endpoint)}: ${callType(endpoint)}\n`)
  return [
    callTypes.trim(),
    ...endpoints.flatMap(partTypes),
    `/** What callers send to each endpoint and receive from it. */\nexport type Calls = {\n${calls.join('')}}`,
    `/** Creates a client of all endpoints. Throws a TypeError for a \`baseUrl\` that is not a valid http or https address. */
export declare function createClient(options: ClientOptions): Client<Calls>\n`,
  ].join('\n\n')
}

const INPUT = { io: 'input' } as const
const OUTPUT = { io: 'output' } as const
const PARTS = {
  ...{ params: INPUT, query: INPUT, headers: INPUT, body: INPUT, fields: INPUT },
  ...{ data: OUTPUT, item: OUTPUT },
}
const partNames = Object.keys(PARTS) as readonly (keyof typeof PARTS)[]

const typeName = ({ route }: EndpointData, part: string) => pascal(route.name) + pascal(part)

function partTypes(endpoint: EndpointData): readonly string[] {
  return partNames.flatMap((part) => {
    const schema = endpoint[part]
    return schema ? [renderTypes(typeName(endpoint, part), schema, PARTS[part]).trim()] : []
  })
}

function callType(endpoint: EndpointData): string {
  const { route, status, failures } = endpoint
  const parts = partNames.flatMap((part) =>
    endpoint[part] && part !== 'fields' && part !== 'item'
      ? [`    readonly ${part}: ${typeName(endpoint, part)}\n`]
      : [],
  )
  const codes = Object.entries(failures).map(([code, failure]) => `readonly ${code}: ${failure}`)
  return [
    '{\n',
    ...parts,
    ...streamedBodyType(endpoint),
    ...(endpoint.data ? [] : [`    readonly data: ${streamedDataType(endpoint) ?? 'undefined'}\n`]),
    ...(route.idempotent ? ['    readonly idempotent: true\n'] : []),
    `    readonly status: ${status}\n`,
    `    readonly failures: ${codes.length > 0 ? `{ ${codes.join('; ')} }` : 'Record<never, never>'}\n`,
    '  }',
  ].join('')
}

function streamedBodyType(endpoint: EndpointData): readonly string[] {
  const { route, fields, files = {} } = endpoint
  if (!route.bodyStream) return []
  if (!route.bodyStream.form) return ['    readonly body: StreamSource\n', '    readonly bodyStream: true\n']
  const names = Object.entries(files).map(
    ([name, { required }]) => `readonly ${keyOf(name)}${required ? ': Blob' : '?: Blob | undefined'}`,
  )
  const texts = fields ? `readonly fields: ${typeName(endpoint, 'fields')}` : ''
  const all = [texts, names.length > 0 ? `readonly files: { ${names.join('; ')} }` : ''].filter((part) => part !== '')
  return [`    readonly body: { ${all.join('; ')} }\n`]
}

function streamedDataType(endpoint: EndpointData): string | undefined {
  const { route, item } = endpoint
  if (!route.replyStream) return undefined
  if (!item) return 'ReadableStream<Uint8Array>'
  const type = typeName(endpoint, 'item')
  return `AsyncIterable<${isEventStream(route) ? `StreamedEvent<${type}>` : type}>`
}

const doc = ({ route: { summary, method, path } }: EndpointData) =>
  `  /** ${summary.replaceAll('*/', '*\\/')} ${method} ${path} */\n`

interface Direction {
  /** What callers send is typed as loosely as possible: readonly arrays, and `undefined` for what may be absent. */
  readonly io: 'input' | 'output'
}

/**
 * Renders a JSON Schema as the TypeScript type `name`, with a type beside it for each definition that it refers to. What
 * TypeScript cannot say (lengths, patterns, ranges) is left out.
 */
export function renderTypes(name: string, schema: JsonSchema, { io }: Direction): string {
  const nameOf = (ref: string) => (ref === '#' ? name : name + pascal(ref.replace('#/$defs/', '')))
  const declare = (type: string, declared: JsonSchema) =>
    `${docOf(declared, '')}export type ${type} = ${typeOf(declared, { io, nameOf, indent: '' })}\n`
  const definitions = Object.entries(schema.$defs ?? {})
  return [
    declare(name, schema),
    ...definitions.map(([key, definition]) => declare(nameOf(`#/$defs/${key}`), definition)),
  ].join('\n')
}

/** `place-order` and `__schema0` as names of types: `PlaceOrder`, `Schema0`. */
const pascal = (text: string) =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')

interface Context extends Direction {
  readonly nameOf: (ref: string) => string
  readonly indent: string
}

function typeOf(schema: JsonSchema, context: Context): string {
  if (schema.$ref) return context.nameOf(schema.$ref)
  if (schema.not) return 'never'
  const values = listedValues(schema)
  if (values) return union(values.map((value) => JSON.stringify(value)))
  const options = optionsOf(schema)
  if (options) return union(options.map((option) => typeOf(option, context)))
  const { type, allOf } = schema
  if (Array.isArray(type)) return union(type.map((one) => typeOf({ ...schema, type: one }, context)))
  if (type === 'object') return objectType(schema, context)
  if (type === 'array') return arrayType(schema, context)
  if (type === 'string' || type === 'boolean') return type
  if (type === 'number' || type === 'integer') return 'number'
  return allOf ? allOf.map((part) => bracketed(typeOf(part, context))).join(' & ') : 'unknown'
}

function objectType(schema: JsonSchema, context: Context): string {
  const { properties, required = [] } = schema
  if (!properties) return recordType(schema, context)
  const { io } = context
  const indent = `${context.indent}  `
  const lines = Object.entries(properties).map(([key, property]) => {
    const type = typeOf(property, { ...context, indent })
    const isRequired = required.includes(key)
    const loose = !isRequired && io === 'input' ? ' | undefined' : ''
    return `${docOf(property, indent)}${indent}${keyOf(key)}${isRequired ? '' : '?'}: ${type}${loose}\n`
  })
  return lines.length > 0 ? `{\n${lines.join('')}${context.indent}}` : 'Record<string, never>'
}

/** A record of listed names has each of them, or, where none is required, some of them. */
function recordType({ additionalProperties, propertyNames, required }: JsonSchema, context: Context): string {
  const value = typeof additionalProperties === 'object' ? typeOf(additionalProperties, context) : 'unknown'
  const names = propertyNames && listedValues(propertyNames)
  if (!names) return `{ [name: string]: ${value} }`
  return `{ [Name in ${union(names.map((name) => JSON.stringify(name)))}]${required ? '' : '?'}: ${value} }`
}

function arrayType({ prefixItems, items, minItems = 0 }: JsonSchema, context: Context): string {
  const readonly = context.io === 'input' ? 'readonly ' : ''
  const element = typeof items === 'object' ? bracketed(typeOf(items, context)) : 'unknown'
  if (!prefixItems) return `${readonly}${element}[]`
  const first = prefixItems.map((item, i) => bracketed(typeOf(item, context)) + (i < minItems ? '' : '?'))
  return `${readonly}[${[...first, ...(items === false ? [] : [`...${element}[]`])].join(', ')}]`
}

const union = (types: readonly string[]) => [...new Set(types)].join(' | ') || 'never'
const bracketed = (type: string) => (/^(\w+|"[^"|&]*"|\{[^|&]*\}(\[\])?)$/.test(type) ? type : `(${type})`)
const keyOf = (key: string) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key))

const docOf = ({ description }: JsonSchema, indent: string) =>
  description ? `${indent}/** ${description.replaceAll('*/', '*\\/').replaceAll(/\s+/g, ' ')} */\n` : ''
