import * as z from 'zod'
import {
  type AnyContract,
  describeEndpoint,
  type EndpointContract,
  type Route,
  toInput,
  toOutput,
} from '../contract/index.ts'
import { acceptedResponse, asyncParameters, statePath } from './openapi-async.ts'

type Json = Readonly<Record<string, unknown>>

/** What the document says of the API as a whole. */
export interface ApiInfo {
  readonly title?: string
  readonly version: string
  readonly description?: string
}

/** Renders the endpoints among the contracts as an OpenAPI 3.1 document. */
export function openapi(contracts: readonly AnyContract[], { title = 'API', version, description }: ApiInfo): Json {
  const endpoints = contracts.filter((contract) => contract.kind === 'endpoint')
  const paths: Record<string, Record<string, Json>> = {}
  const schemas: Record<string, Json> = { Problem: PROBLEM }
  for (const contract of endpoints) {
    const operation = renderOperation(contract, schemaRenderer(contract.name, schemas))
    paths[contract.path] = { ...paths[contract.path], [contract.method.toLowerCase()]: operation }
  }
  Object.assign(paths, statePath(endpoints.map(describeEndpoint)))
  return {
    openapi: '3.1.0',
    info: { title, version, ...(description ? { description } : {}), license: LICENSE },
    servers: [{ url: '/', description: 'The gateway that serves this document' }],
    tags: [...new Set(Object.keys(paths).map(tagOf))].map((name) => ({ name })),
    security: [{ apiKey: [] }, { bearer: [] }],
    paths,
    components: { securitySchemes: SECURITY_SCHEMES, schemas },
  }
}

const LICENSE = { name: 'Apache-2.0', identifier: 'Apache-2.0' }

const SECURITY_SCHEMES = {
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key as a Bearer token' },
}

const PROBLEM = {
  type: 'object',
  required: ['status', 'error', 'message', 'correlationId'],
  properties: {
    status: { type: 'integer', description: 'The HTTP status' },
    error: { type: 'string', description: 'The code to switch on' },
    message: { type: 'string', description: 'One sentence for people' },
    correlationId: { type: 'string', description: 'Finds this request in the logs' },
    details: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
}

function renderOperation(contract: EndpointContract, schemaOf: RenderSchema): Json {
  const route = describeEndpoint(contract)
  const { summary, description, body, access, version } = contract
  const examples = examplesOf(contract, 'body')
  const content =
    body instanceof z.ZodType
      ? { schema: schemaOf(toInput(body), 'input'), ...(examples ? { examples } : {}) }
      : undefined
  return {
    operationId: contract.name,
    tags: [tagOf(contract.path)],
    summary,
    description: [...(description ? [description] : []), whoMayCall(access)].join('\n\n'),
    ...(version ? { 'x-version': version } : {}),
    ...(route.scopes.length > 0 ? { 'x-scopes': route.scopes } : {}),
    ...(access.anonymous ? { security: [] } : {}),
    parameters: [...parametersOf(contract, schemaOf), ...asyncParameters(route)],
    ...(content ? { requestBody: { required: true, content: { 'application/json': content } } } : {}),
    responses: responsesOf(contract, route, schemaOf),
  }
}

function whoMayCall({ anonymous, scopes = [], owner }: EndpointContract['access']): string {
  if (anonymous) return 'Anybody may call this.'
  const named = scopes.map((scope) => `\`${scope}\``).join(' and ')
  if (owner) return `The owner may call this${named ? `, and whoever has ${named}` : ''}.`
  return named ? `Whoever has ${named} may call this.` : 'Whoever has a key may call this.'
}

function parametersOf(
  { params, query, headers, idempotent }: EndpointContract,
  schemaOf: RenderSchema,
): readonly Json[] {
  const places = { path: params, query, header: headers }
  const declared = Object.entries(places).flatMap(([place, schema]) =>
    Object.entries(schema?.shape ?? {}).map(([name, property]) => {
      const required = place === 'path' || !property.safeParse(undefined).success
      return { name, in: place, required, schema: schemaOf(toInput(property), 'input') }
    }),
  )
  if (!idempotent) return declared
  const schema = { type: 'string', minLength: 1, maxLength: 255 }
  const meaning = 'Repeated with the same request, it gets the first answer again.'
  return [...declared, { name: 'Idempotency-Key', in: 'header', required: true, schema, description: meaning }]
}

function responsesOf(contract: EndpointContract, route: Route, schemaOf: RenderSchema): Json {
  const { reply } = contract
  const body = 'body' in reply ? reply.body : undefined
  const examples = examplesOf(contract, 'reply')
  const success = {
    description: 'Success',
    ...(body
      ? {
          content: {
            'application/json': { schema: schemaOf(toOutput(body), 'output'), ...(examples ? { examples } : {}) },
          },
        }
      : {}),
    ...('location' in reply && reply.location ? { headers: { Location: { schema: { type: 'string' } } } } : {}),
  }
  const refusals: Record<number, string[]> = { 400: ['invalid_request'], 500: ['internal'], 503: ['unavailable'] }
  const refuse = (status: number, ...codes: string[]) => {
    refusals[status] = [...(refusals[status] ?? []), ...codes]
  }
  if (!route.anonymous) refuse(401, 'unauthenticated')
  if (route.scopes.length > 0 || route.owner) refuse(403, 'forbidden')
  if (route.hasBody) refuse(413, 'payload_too_large')
  if (route.hasBody) refuse(415, 'unsupported_media_type')
  if (route.idempotent || route.async) refuse(409, 'in_progress')
  if (route.idempotent || route.async) refuse(422, 'idempotency_mismatch')
  if (route.limit) refuse(429, 'rate_limited')
  for (const [code, status] of Object.entries(contract.failures ?? {})) refuse(status, code)
  return {
    ...acceptedResponse(route),
    [reply.status]: success,
    ...Object.fromEntries(
      Object.entries(refusals).map(([status, codes]) => [
        status,
        { ...problem(Number(status), codes), ...headersOf(codes) },
      ]),
    ),
  }
}

const problem = (status: number, codes: readonly string[]) => ({
  description: codes.map((code) => `\`${code}\``).join(', '),
  content: {
    'application/problem+json': {
      schema: { $ref: '#/components/schemas/Problem' },
      examples: Object.fromEntries(codes.map((code) => [code, { value: problemExample(status, code) }])),
    },
  },
})

const problemExample = (status: number, error: string) => ({
  ...{ status, error, message: 'One sentence for people.', correlationId: '7f1c2c1e-8a52-4c4e-9d0c-3f0f7a6f1f5e' },
  ...(error === 'invalid_request' ? { details: [{ path: 'body.email', message: 'Invalid email address' }] } : {}),
})

const headersOf = (codes: readonly string[]) => (codes.includes('rate_limited') ? { headers: LIMIT_HEADERS } : {})

const text = (description: string) => ({ description, schema: { type: 'string' } })
const LIMIT_HEADERS = {
  'Retry-After': { description: 'Seconds until the next request may come', schema: { type: 'integer' } },
  RateLimit: text('What is left (`r`), and the seconds until there is more (`t`); on every answer to a caller'),
  'RateLimit-Policy': text('Requests (`q`) in seconds (`w`)'),
}

function examplesOf({ examples = {} }: EndpointContract, part: 'body' | 'reply') {
  const given = Object.entries(examples).filter(([, example]) => example[part] !== undefined)
  return given.length > 0
    ? Object.fromEntries(given.map(([name, example]) => [name, { value: example[part] }]))
    : undefined
}

type RenderSchema = (schema: z.ZodType, io: 'input' | 'output') => Json

/**
 * OpenAPI 3.1 is JSON Schema 2020-12. What a schema defines inside itself, since it contains itself, moves to the
 * document's components, where its references are good.
 */
function schemaRenderer(owner: string, components: Record<string, Json>): RenderSchema {
  return (schema, io) => {
    const { $schema: _dialect, $defs = {}, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' })
    const prefix = `${owner}-${Object.keys(components).length}`
    const moved = (part: unknown): Json =>
      JSON.parse(JSON.stringify(part).replaceAll('"#/$defs/', `"#/components/schemas/${prefix}`))
    for (const [name, definition] of Object.entries($defs)) components[prefix + name] = moved(definition)
    return moved(rest)
  }
}

/** `/v1/users/{id}` is about users. */
const tagOf = (path: string) => path.split('/').find((segment) => segment !== '' && !/^v\d+$/.test(segment)) ?? 'root'
