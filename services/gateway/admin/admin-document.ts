import { VERSION } from 'ebb/kernel'
import * as z from 'zod'
import type { AdminEndpoint } from '../../../src/protocol/admin/admin-endpoint.ts'
import { ADMIN_ENDPOINTS } from '../../../src/protocol/admin/index.ts'

type Json = Readonly<Record<string, unknown>>

let document: Json | undefined

/** The OpenAPI 3.1 document of the admin API, made when it is first asked for. */
export const createAdminDocument = (): Json => (document ??= renderDocument(ADMIN_ENDPOINTS))

function renderDocument(endpoints: readonly AdminEndpoint[]): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const endpoint of endpoints)
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method.toLowerCase()]: operationOf(endpoint) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'The admin API of a gateway of Ebb',
      version: VERSION,
      description:
        'On a port of its own (EBB_ADMIN_PORT), which callers never reach. What it says is of the gateway that answers.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The gateway that serves this document' }],
    tags: [...new Set(endpoints.map(tagOf))].map((name) => ({ name })),
    security: [{ adminKey: [] }],
    paths,
    components: { securitySchemes: { adminKey: ADMIN_KEY }, schemas: { Problem: PROBLEM } },
  }
}

const ADMIN_KEY = {
  type: 'http',
  scheme: 'bearer',
  description: 'The admin key (EBB_ADMIN_KEY), or an access token with the admin scope (EBB_ADMIN_SCOPE)',
}

const text = { type: 'string' }
const PROBLEM = {
  type: 'object',
  required: ['status', 'error', 'message', 'correlationId'],
  properties: {
    ...{ status: { type: 'integer' }, error: text, message: text, correlationId: text },
    details: { type: 'array', items: { type: 'object', properties: { path: text, message: text } } },
  },
}

const tagOf = ({ name }: AdminEndpoint) => name.split('.', 1).join()

function operationOf(endpoint: AdminEndpoint): Json {
  const { name, summary, description, body, change, open } = endpoint
  return {
    operationId: name,
    tags: [tagOf(endpoint)],
    summary,
    ...(description ? { description } : {}),
    ...(change ? { 'x-audit': change } : {}),
    ...(open ? { security: [] } : {}),
    parameters: [
      ...parametersOf(endpoint, 'path', endpoint.params),
      ...parametersOf(endpoint, 'query', endpoint.query),
    ],
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: inputOf(body) } } } } : {}),
    responses: responsesOf(endpoint),
  }
}

/** What a caller sends; text where a query is read as something else. */
const inputOf = (schema: z.ZodType) => withoutDialect(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
const outputOf = (schema: z.ZodType) => withoutDialect(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }))
const withoutDialect = ({ $schema: _dialect, ...schema }: Json) => schema

function parametersOf(
  { path }: AdminEndpoint,
  place: 'path' | 'query',
  schema: z.ZodType | undefined,
): readonly Json[] {
  if (!schema) return []
  // As callers send them the values of a query are text, which says nothing; as they are read they say what they must be.
  const { properties = {} } = outputOf(schema) as { readonly properties?: Readonly<Record<string, Json>> }
  const { required = [] } = inputOf(schema) as { readonly required?: readonly string[] }
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    ...{ name, in: place, required: path.includes(`{${name}}`) || required.includes(name), schema: property },
    ...(description ? { description } : {}),
  }))
}

function responsesOf({ reply, failures = {}, body, query, params, open }: AdminEndpoint): Json {
  const refusals = new Map<number, string[]>()
  const add = (status: number, code: string) => refusals.set(status, [...(refusals.get(status) ?? []), code])
  if (body ?? query ?? params) add(400, 'invalid_request')
  if (!open) add(401, 'unauthenticated')
  add(403, 'forbidden')
  if (body) add(413, 'payload_too_large')
  if (body) add(415, 'unsupported_media_type')
  for (const [code, status] of Object.entries(failures)) add(status, code)
  add(503, 'unavailable')
  return {
    [reply.status]: { description: 'Success', ...contentOf(reply) },
    ...Object.fromEntries([...refusals].map(([status, codes]) => [status, refusalOf(codes)])),
  }
}

function contentOf(reply: AdminEndpoint['reply']): Json {
  if ('event' in reply) return { content: { 'text/event-stream': { schema: eventSchema(reply) } } }
  if ('body' in reply) return { content: { 'application/json': { schema: outputOf(reply.body) } } }
  return 'text' in reply ? { content: { [reply.text.split(';', 1).join()]: { schema: text } } } : {}
}

/** OpenAPI 3.1 knows no streams: it is text, and its `contentSchema` says what each event's data are. */
const eventSchema = ({ event, data }: { readonly event: string; readonly data: z.ZodType }): Json => ({
  ...{ ...text, description: `Events of the name \`${event}\`, each with JSON as its data` },
  ...{ contentMediaType: 'application/json', contentSchema: outputOf(data) },
})

const refusalOf = (codes: readonly string[]): Json => ({
  description: codes.map((code) => `\`${code}\``).join(', '),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})
