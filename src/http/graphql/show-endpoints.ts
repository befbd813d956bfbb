import type * as z from 'zod'
import {
  describeEndpoint,
  type EndpointContract,
  type GraphqlFields,
  type GraphqlLink,
  jsonBodyOf,
  Problem,
  type Route,
  toInput,
  toOutput,
  usualReply,
} from '../../contract/index.ts'
import type { Identity } from '../../protocol/index.ts'
import { createFailures } from '../failures.ts'
import { hasScopes } from '../middleware/identity.ts'
import { isForeign, isOwner, type Owner } from '../owner.ts'
import { invalidRequest } from '../request-problems.ts'

/** A field that shows the reply of an endpoint. */
export interface ShownField {
  readonly name: string
  /** By the endpoint's parameter, the property that gives it; of a field of Query none. */
  readonly by: Readonly<Record<string, string>>
  /** Calls the endpoint's resolver as the endpoint itself would its handler. */
  readonly show: (values: Readonly<Record<string, unknown>>, call: ShownCall) => Promise<unknown>
}

export interface ShownCall {
  readonly caller: Identity
  /** Answers a field that is looked up. */
  readonly resolve: (input: unknown, tools: unknown) => Promise<unknown>
  /** Calls the function of a field that writes. */
  readonly call: (input: Readonly<Record<string, unknown>>) => Promise<CallResult>
}

/** What a call of a function comes to: a reply, or a failure that its contract declares. */
export type CallResult = { readonly ok: true; readonly data: unknown } | (Problem & { readonly ok: false })

interface Shown {
  readonly mutation?: unknown
  readonly query: GraphqlFields
  readonly links: Readonly<Record<string, Readonly<Record<string, GraphqlLink>>>>
}

/** The fields of a GraphQL endpoint that show endpoints, by type and name: `Query.product`. */
export function showEndpoints({ query, links, mutation = {} }: Shown): ReadonlyMap<string, ShownField> {
  const shows = new Map<EndpointContract, ShownField['show']>()
  const showOf = (endpoint: EndpointContract) => {
    const show = shows.get(endpoint) ?? showEndpoint(endpoint)
    shows.set(endpoint, show)
    return show
  }
  const fields = Object.entries(query).map(([field, endpoint]) => {
    return [`Query.${field}`, { name: endpoint.name, by: {}, show: showOf(endpoint) }] as const
  })
  const linked = Object.entries(links).flatMap(([type, all]) =>
    Object.entries(all).map(([field, { to, by }]) => {
      return [`${type}.${field}`, { name: to.name, by, show: showOf(to) }] as const
    }),
  )
  // As the contract's check has found them.
  const written = Object.entries(mutation as GraphqlFields).map(([field, endpoint]) => {
    return [`Mutation.${field}`, { name: endpoint.name, by: {}, show: callEndpoint(endpoint) }] as const
  })
  return new Map([...fields, ...linked, ...written])
}

/** Authorises the caller and validates the arguments before a function is started for them, and calls it. */
function callEndpoint(endpoint: EndpointContract): ShownField['show'] {
  const route = describeEndpoint(endpoint)
  const parts = { params: compile(endpoint.params), query: compile(endpoint.query), body: compileBody(endpoint) }

  return async (values, { caller, call }) => {
    authorise(caller, route)
    const sent = {
      ...(endpoint.params ? { params: givenOf(endpoint.params, values) } : {}),
      ...(endpoint.query ? { query: givenOf(endpoint.query, values) } : {}),
      ...((values.input ?? null) === null ? {} : { body: values.input }),
    }
    // Sent is what came: the endpoint parses it itself.
    for (const [part, check] of Object.entries(parts)) check?.(values, part)
    const result = await call(sent)
    if (!result.ok) throw result
    return result.data ?? true
  }
}

/** Authorises the caller, validates the arguments, and checks the reply, all by the endpoint's own contract. */
function showEndpoint(endpoint: EndpointContract): ShownField['show'] {
  const route = describeEndpoint(endpoint)
  const { fail, toExpected } = createFailures(endpoint)
  const { body } = usualReply(endpoint)
  if (!body) throw new Error(`${endpoint.name} has no body`)
  const reply = toOutput(body)
  const parts = { params: compile(endpoint.params), query: compile(endpoint.query) }

  return async (values, { caller, resolve }) => {
    authorise(caller, route)
    const input = { params: parts.params?.(values, 'params'), query: parts.query?.(values, 'query') }
    let ownerChecked = false
    const own = (owner: string | Owner) => {
      ownerChecked = true
      const isAllowed = route.scopes.length > 0 && hasScopes(caller, route)
      if (!isForeign(caller, owner) && (isAllowed || isOwner(caller, owner, endpoint))) return
      throw new Problem('forbidden', 403, 'This is for its owner.')
    }
    const parsed = reply.safeParse(
      await resolve(input, { fail, own }).catch((error: unknown) => {
        throw toExpected(error)
      }),
    )
    if (!parsed.success) throw new Error(`the reply breaks the contract of ${endpoint.name}`, { cause: parsed.error })
    if (route.owner && !ownerChecked)
      throw new Error(`the contract of ${endpoint.name} says \`owner\`, and its resolver did not call own()`)
    return parsed.data
  }
}

/** Requires what the endpoint's contract does of its callers, except of an owner, whom the resolver asks about. */
function authorise(caller: Identity, route: Route) {
  if (!route.anonymous && caller.sub === 'anonymous')
    throw new Problem('unauthenticated', 401, 'Send an API key or an access token to see this.')
  if (route.tenancy && caller.tenant === undefined)
    throw new Problem('tenant_required', 403, 'This is for callers of a tenant.')
  if (!route.owner && !hasScopes(caller, route))
    throw new Problem('forbidden', 403, `This needs ${route.scopes.join(' and ')}.`)
}

function compile(schema: z.ZodObject | undefined) {
  if (!schema) return undefined
  const strict = toInput(schema)
  return (values: Readonly<Record<string, unknown>>, part: string) => parse(strict, givenOf(schema, values), part)
}

function compileBody(endpoint: EndpointContract) {
  const body = jsonBodyOf(endpoint)
  if (!body) return undefined
  const strict = toInput(body)
  return ({ input }: Readonly<Record<string, unknown>>, part: string) => parse(strict, input ?? undefined, part)
}

/** GraphQL's null is what a path or a query leaves out. */
const givenOf = ({ shape }: z.ZodObject, values: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.keys(shape).flatMap((name) => ((values[name] ?? null) === null ? [] : [[name, values[name]]])),
  )

function parse(schema: z.ZodType, value: unknown, part: string) {
  const { success, data, error } = schema.safeParse(value)
  if (success) return data
  throw invalidRequest(error.issues.map(({ path, message }) => ({ path: [part, ...path].join('.'), message })))
}
