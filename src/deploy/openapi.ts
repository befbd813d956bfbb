import * as z from 'zod'
import {
  type AnyContract,
  type AuthorizerContract,
  describeEndpoint,
  describeProxy,
  type EndpointContract,
  jsonBodyOf,
  mediaTypesOf,
  type ProxyContract,
  toInput,
} from '../contract/index.ts'
import { OWN_ENDPOINTS, OWN_KEY_ENDPOINTS } from '../protocol/own-key-endpoints.ts'
import { WEBHOOK_ENDPOINTS } from '../protocol/webhook-endpoints.ts'
import { ASYNC_ENDPOINTS, asyncCallbacks, asyncParameters, CALL_ENDED, INVOCATION, statePath } from './openapi-async.ts'
import { examplesOf } from './openapi-examples.ts'
import { PROBLEM } from './openapi-refusals.ts'
import { type ResponseRendering, responsesOf } from './openapi-responses.ts'
import { type RenderSchema, schemaRenderer } from './openapi-schemas.ts'
import { streamedRequestBody } from './openapi-streams.ts'
import { renderWebhooks } from './openapi-webhooks.ts'

type Json = Readonly<Record<string, unknown>>

/** What the document says about the API as a whole. */
export interface ApiInfo {
  readonly title?: string
  readonly version: string
  readonly description?: string
}

interface DocumentOptions extends ApiInfo {
  /** Whether it has the endpoints by which callers manage their own keys, which a gateway leaves out where nobody can log in. */
  readonly withOwnKeys?: boolean
  /** Whether there are plans, by which any caller may be refused for a while. */
  readonly hasPlans?: boolean
}

/** Renders the endpoints among the contracts as an OpenAPI 3.1 document; of proxies it says in `x-proxies` that they are there. */
export function openapi(contracts: readonly AnyContract[], options: DocumentOptions): Json {
  const { title = 'API', version, description, withOwnKeys = false, hasPlans = false } = options
  const endpoints = contracts
    .filter((contract) => contract.kind === 'endpoint')
    .filter(({ access }) => !access.internal)
  const authorizers = contracts.filter((contract) => contract.kind === 'authorizer')
  const paths: Record<string, Record<string, Json>> = {}
  const schemas: Record<string, Json> = { Problem: PROBLEM }
  const responses: Record<string, Json> = {}
  const add = (contract: EndpointContract, changed: Json = {}) => {
    const schemaOf = schemaRenderer(contract.name, schemas)
    const operation = renderOperation(contract, { schemaOf, responses, authorizers, hasPlans })
    paths[contract.path] = { ...paths[contract.path], [contract.method.toLowerCase()]: { ...operation, ...changed } }
  }
  for (const contract of endpoints) add(contract)
  if (withOwnKeys)
    for (const contract of OWN_ENDPOINTS) add(contract, OWN_KEY_ENDPOINTS.includes(contract) ? byLogin(contract) : {})
  const isAsync = endpoints.some((contract) => contract.async)
  if (isAsync) {
    schemas.Invocation = INVOCATION
    for (const contract of ASYNC_ENDPOINTS) add(contract)
    const { path, get } = statePath(responses)
    paths[path] = { get, ...paths[path] }
  }
  const webhooks = renderWebhooks(contracts, schemas)
  if (webhooks) for (const contract of WEBHOOK_ENDPOINTS) add(contract)
  const proxies = contracts.filter((contract) => contract.kind === 'proxy')
  return {
    openapi: '3.1.0',
    info: { title, version, ...(description ? { description } : {}), license: LICENSE },
    servers: [{ url: '/', description: 'The gateway that serves this document' }],
    tags: [...new Set(Object.keys(paths).map(tagOf))].map((name) => ({ name })),
    security: [{ apiKey: [] }, { bearer: [] }],
    paths,
    ...(webhooks ? { webhooks } : {}),
    ...(proxies.length > 0 ? { 'x-proxies': proxies.map((one) => renderProxy(one, authorizers)) } : {}),
    components: {
      securitySchemes: securitySchemesOf(endpoints, proxies, authorizers),
      schemas,
      responses,
      ...(isAsync ? { callbacks: { callEnded: CALL_ENDED } } : {}),
    },
  }
}

/** OpenAPI has no word for all paths below one, nor is it known what is there: a summary, which no client is made of. */
function renderProxy(contract: ProxyContract, authorizers: readonly AuthorizerContract[]): Json {
  const { name, summary, path, access, tenancy } = contract
  const { scopes, upstream } = describeProxy(contract)
  return {
    ...{ name, summary, description: describeContract(contract), path, methods: upstream?.methods },
    ...(scopes.length > 0 ? { 'x-scopes': scopes } : {}),
    ...(tenancy ? { 'x-tenancy': true } : {}),
    ...securityOf(access, authorizers),
  }
}

/** Where a key is refused, whatever it may do. */
const byLogin = ({ description }: EndpointContract): Json => ({
  description: [
    ...(description ? [description] : []),
    'By a login: with an access token, and not with an API key.',
  ].join('\n\n'),
  security: [{ bearer: [] }],
})

const LICENSE = { name: 'Apache-2.0', identifier: 'Apache-2.0' }

const SECURITY_SCHEMES = {
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key or an access token as a Bearer token' },
}
const DPOP = {
  type: 'http',
  scheme: 'dpop',
  description: 'An access token that is bound to a key, with a proof of it in the header DPoP (RFC 9449)',
}

const securitySchemesOf = (
  endpoints: readonly EndpointContract[],
  proxies: readonly ProxyContract[],
  authorizers: readonly AuthorizerContract[],
): Json => ({
  ...SECURITY_SCHEMES,
  ...([...endpoints, ...proxies].some(({ access }) => access.dpop) ? { dpop: DPOP } : {}),
  ...schemesOf(authorizers),
})

/** A scheme for each header that an authorizer judges by. */
const schemesOf = (authorizers: readonly AuthorizerContract[]): Json =>
  Object.fromEntries(
    authorizers.flatMap(({ name, summary, credentials }) =>
      credentials.headers.map((header) => [
        schemeName(name, header),
        { type: 'apiKey', in: 'header', name: header, description: summary },
      ]),
    ),
  )

const schemeName = (authorizer: string, header: string) => `${authorizer}.${header}`

/** Nothing where the document's own applies: a key, or a token. */
function securityOf(
  { anonymous, dpop, authorizer }: EndpointContract['access'],
  authorizers: readonly AuthorizerContract[],
): Json {
  if (anonymous) return { security: [] }
  if (dpop) return { security: [{ dpop: [] }] }
  const found = authorizers.find(({ name }) => name === authorizer)
  if (!found) return {}
  const schemes = found.credentials.headers.map((header) => [schemeName(found.name, header), []])
  return { security: [Object.fromEntries(schemes)] }
}

/** OpenAPI says only that it is so; the rest is what the response headers say. Tools that compare documents look for `x-sunset`. */
function deprecationOf({ deprecated }: EndpointContract): Json {
  if (!deprecated) return {}
  const { sunset } = deprecated
  return { deprecated: true, 'x-deprecation': deprecated, ...(sunset ? { 'x-sunset': sunset } : {}) }
}

interface Rendering extends ResponseRendering {
  readonly authorizers: readonly AuthorizerContract[]
}

function renderOperation(contract: EndpointContract, rendering: Rendering): Json {
  const { schemaOf, authorizers } = rendering
  const route = describeEndpoint(contract)
  const { summary, access, version } = contract
  const requestBody = streamedRequestBody(contract, schemaOf) ?? jsonRequestBody(contract, schemaOf)
  return {
    operationId: contract.name,
    tags: [tagOf(contract.path)],
    summary,
    ...deprecationOf(contract),
    description: describeContract(contract),
    ...(version ? { 'x-version': version } : {}),
    ...(route.scopes.length > 0 ? { 'x-scopes': route.scopes } : {}),
    ...securityOf(access, authorizers),
    parameters: [...parametersOf(contract, schemaOf), ...asyncParameters(route)],
    ...(requestBody ? { requestBody } : {}),
    responses: responsesOf(contract, route, rendering),
    ...asyncCallbacks(route),
  }
}

const describeContract = ({ description, access, tenancy }: EndpointContract | ProxyContract): string =>
  [...(description ? [description] : []), describeAccess(access), ...(tenancy ? [TENANCY] : [])].join('\n\n')

function jsonRequestBody(contract: EndpointContract, schemaOf: RenderSchema): Json | undefined {
  const body = jsonBodyOf(contract)
  if (!body) return undefined
  const examples = examplesOf(contract, (example) => example.body)
  const content = { schema: schemaOf(toInput(body), 'input'), ...(examples ? { examples } : {}) }
  const types = mediaTypesOf(body) ?? ['application/json']
  return { required: isRequired(body), content: Object.fromEntries(types.map((type) => [type, content])) }
}

const TENANCY = "The caller needs a tenant, and gets what is that tenant's."

function describeAccess({ dpop, ...access }: EndpointContract['access']): string {
  const sentence = describeCallers(access)
  return dpop ? `${sentence} Only with an access token that is bound to a key, and a proof of it (DPoP).` : sentence
}

function describeCallers({ anonymous, scopes = [], owner, policy, authorizer }: EndpointContract['access']): string {
  if (anonymous) return 'Anyone may call this, without a key.'
  const needed = scopes.map((scope) => `\`${scope}\``).join(' and ')
  if (owner) return `The owner may call this${needed ? `, and any caller with ${needed}` : ''}.`
  if (authorizer) return `Any caller that \`${authorizer}\` knows${needed ? `, with ${needed},` : ''} may call this.`
  if (policy)
    return `The policy of the API decides who may call this${needed ? `, of the callers with ${needed}` : ''}.`
  return `Any caller with ${needed || 'a key'} may call this.`
}

/** Whether a value must be there. */
export const isRequired = (schema: unknown) => schema instanceof z.ZodType && !schema.safeParse(undefined).success

function parametersOf(
  { params, query, headers, cookies, idempotent, conditional, method, graphql }: EndpointContract,
  schemaOf: RenderSchema,
): readonly Json[] {
  const places = { path: params, query, header: headers, cookie: cookies }
  const declared = Object.entries(places).flatMap(([place, schema]) =>
    Object.entries(schema?.shape ?? {}).map(([name, property]) => {
      const required = place === 'path' || isRequired(property)
      return { name, in: place, required, schema: schemaOf(toInput(property), 'input') }
    }),
  )
  return [
    ...declared,
    ...(idempotent ? [IDEMPOTENCY_KEY] : []),
    ...(graphql?.mutation ? [MUTATION_KEY] : []),
    ...(conditional ? (method === 'GET' ? READ_CONDITIONS : WRITE_CONDITIONS) : []),
  ]
}

const headerParameter = (name: string, description: string, schema: Json = { type: 'string' }) => ({
  ...{ name, in: 'header', required: false, schema, description },
})
const IDEMPOTENCY_KEY = {
  ...headerParameter('Idempotency-Key', 'Repeated with the same request, it gets the first response again.', {
    ...{ type: 'string', minLength: 1, maxLength: 255 },
  }),
  required: true,
}
const MUTATION_KEY = headerParameter(
  'Idempotency-Key',
  'A mutation needs one: repeated with the same operation, it has no second effect.',
  { type: 'string', minLength: 1, maxLength: 255 },
)
const READ_CONDITIONS = [headerParameter('If-None-Match', 'The ETag of what the caller has: a 304 if that is current.')]
const WRITE_CONDITIONS = [
  headerParameter('If-Match', 'The ETag of what the caller has read: a 412 if that is not current any more.'),
  headerParameter('If-None-Match', '`*` where the request is to create something: a 412 if there is something.'),
]

/** The tag of `/v1/users/{id}` is `users`. */
const tagOf = (path: string) => path.split('/').find((segment) => segment !== '' && !/^v\d+$/.test(segment)) ?? 'root'
