import type * as z from 'zod'
import {
  describeEndpoint,
  type EndpointContract,
  type GraphqlFields,
  type GraphqlLink,
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
  readonly resolve: (input: unknown, tools: unknown) => Promise<unknown>
}

interface Shown {
  readonly query: GraphqlFields
  readonly links: Readonly<Record<string, Readonly<Record<string, GraphqlLink>>>>
}

/** The fields of a GraphQL endpoint that show endpoints, by type and name: `Query.product`. */
export function showEndpoints({ query, links }: Shown): ReadonlyMap<string, ShownField> {
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
  return new Map([...fields, ...linked])
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
  const names = Object.keys(schema.shape)
  return (values: Readonly<Record<string, unknown>>, part: string) => {
    // GraphQL's null is what a query leaves out.
    const given = names.flatMap((name) =>
      values[name] === undefined || values[name] === null ? [] : [[name, values[name]]],
    )
    const { success, data, error } = strict.safeParse(Object.fromEntries(given))
    if (success) return data
    throw invalidRequest(error.issues.map(({ path, message }) => ({ path: [part, ...path].join('.'), message })))
  }
}
