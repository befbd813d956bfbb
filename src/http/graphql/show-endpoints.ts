import {
  describeEndpoint,
  type EndpointContract,
  type GraphqlFields,
  type GraphqlLink,
  Problem,
  toOutput,
  usualReply,
} from '../../contract/index.ts'
import { createFailures } from '../failures.ts'
import { hasScopes } from '../middleware/identity.ts'
import { isForeign, isOwner, type Owner } from '../owner.ts'
import { authorise, compileParameters } from './admit-field.ts'
import { callEndpoint } from './call-endpoint.ts'
import type { ShownField } from './shown-field.ts'

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

/** Authorises the caller, validates the arguments, and checks the reply, all by the endpoint's own contract. */
function showEndpoint(endpoint: EndpointContract): ShownField['show'] {
  const route = describeEndpoint(endpoint)
  const { fail, toExpected } = createFailures(endpoint)
  const { body } = usualReply(endpoint)
  if (!body) throw new Error(`${endpoint.name} has no body`)
  const reply = toOutput(body)
  const parts = { params: compileParameters(endpoint.params), query: compileParameters(endpoint.query) }

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
