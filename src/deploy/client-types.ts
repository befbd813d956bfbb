import { isEventStream } from '../contract/index.ts'
import type { EndpointData, ReplyData } from './contracts-data.ts'
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

const PARTS = ['params', 'query', 'headers', 'cookies', 'body', 'fields'] as const

const typeName = ({ route }: EndpointData, part: string) => pascal(route.name) + pascal(part)

function partTypes(endpoint: EndpointData): readonly string[] {
  const inputs = PARTS.flatMap((part) => {
    const schema = endpoint[part]
    return schema ? [renderTypes(typeName(endpoint, part), schema, { io: 'input' }).trim()] : []
  })
  const outputs = endpoint.replies.flatMap((reply, i) =>
    (['data', 'item', 'headers'] as const).flatMap((part) => {
      const schema = reply[part]
      return schema ? [renderTypes(replyTypeName(endpoint, part, i), schema, { io: 'output' }).trim()] : []
    }),
  )
  const refusals = Object.entries(endpoint.failureData ?? {}).map(([code, schema]) =>
    renderTypes(failureTypeName(endpoint, code), schema, { io: 'output' }).trim(),
  )
  return [...inputs, ...outputs, ...refusals]
}

/** `PlaceOrderData` of the usual reply, `PlaceOrderData202` of another one. */
const replyTypeName = (endpoint: EndpointData, part: 'data' | 'item' | 'headers', i: number) =>
  `${typeName(endpoint, part === 'headers' ? 'reply-headers' : part)}${i === 0 ? '' : endpoint.replies[i]?.status}`

/** `PlaceOrderOutOfStock`: the data of that failure. */
const failureTypeName = (endpoint: EndpointData, code: string) => typeName(endpoint, code)

function callType(endpoint: EndpointData): string {
  const { route, failures, failureData = {} } = endpoint
  const parts = PARTS.flatMap((part) => {
    const type = typeName(endpoint, part)
    return endpoint[part] && part !== 'fields'
      ? [`    readonly ${part}: ${part === 'cookies' ? `Partial<${type}>` : type}\n`]
      : []
  })
  const codes = Object.entries(failures).map(([code, status]) =>
    failureData[code]
      ? `readonly ${code}: { readonly status: ${status}; readonly data: ${failureTypeName(endpoint, code)} }`
      : `readonly ${code}: ${status}`,
  )
  return [
    '{\n',
    ...parts,
    ...streamedBodyType(endpoint),
    ...(route.conditional && !route.readOnly
      ? [`    readonly conditional: ${JSON.stringify(route.conditional)}\n`]
      : []),
    ...dataOf(endpoint),
    ...(route.idempotent ? ['    readonly idempotent: true\n'] : []),
    ...(route.async ? ['    readonly async: true\n'] : []),
    ...successes(endpoint),
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

/** Whether one status and its body are all that there is to say. */
const isPlain = ({ replies: [usual, ...others], route }: EndpointData) =>
  usual !== undefined && others.length === 0 && !usual.headers && usual.status < 300 && !route.conditional

const dataOf = (endpoint: EndpointData): readonly string[] => {
  const [usual] = endpoint.replies
  return [`    readonly data: ${usual && isPlain(endpoint) ? dataType(endpoint, usual, 0) : 'unknown'}\n`]
}

/** The status; of several replies, or where one has more than a body, all of them. */
function successes(endpoint: EndpointData): readonly string[] {
  const { replies, route } = endpoint
  if (isPlain(endpoint)) return [`    readonly status: ${replies[0]?.status}\n`]
  const all = replies.map((reply, i) => {
    const { status, location, locations, headers } = reply
    const more = [
      ...(headers ? [`readonly replyHeaders: ${replyTypeName(endpoint, 'headers', i)}`] : []),
      ...((location ?? locations) ? ['readonly location: string'] : []),
      ...(route.conditional ? ['readonly etag: string'] : []),
    ]
    const data = dataType(endpoint, reply, i)
    return `      | { readonly status: ${status}; readonly data: ${data}; readonly more: { ${more.join('; ')} } }\n`
  })
  return ['    readonly status: number\n', '    readonly replies:\n', ...all]
}

function dataType(endpoint: EndpointData, { data, item }: ReplyData, i: number): string {
  const { route } = endpoint
  if (data) return replyTypeName(endpoint, 'data', i)
  if (!route.replyStream) return 'undefined'
  if (!item) return 'ReadableStream<Uint8Array>'
  const type = replyTypeName(endpoint, 'item', i)
  return `AsyncIterable<${isEventStream(route) ? `StreamedEvent<${type}>` : type}>`
}

const doc = ({ route: { summary, method, path, deprecated } }: EndpointData) =>
  `  /** ${summary.replaceAll('*/', '*\\/')} ${method} ${path}${deprecated ? ` @deprecated ${describeDeprecation(deprecated)}` : ''} */\n`

const describeDeprecation = ({ since, sunset, use }: NonNullable<EndpointData['route']['deprecated']>) =>
  [`since ${since}`, ...(sunset ? [`answers until ${sunset}`] : []), ...(use ? [`call ${use} instead`] : [])].join(', ')

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
