import { type Exact, endpoint } from '../endpoint.ts'
import type { EndpointContract } from '../endpoint-shape.ts'
import type { GraphqlPart } from './graphql-part.ts'
import type { GraphqlFields, GraphqlShape } from './graphql-shape.ts'
import { GraphqlRequest, GraphqlResponse } from './operation.ts'
import { writeSchema } from './write-schema.ts'

/**
 * The contract of a GraphQL endpoint as `graphql()` returns it: an endpoint like any other, whose `graphql` has the endpoints
 * that it shows.
 * @example const schemaOf = (contract: GraphqlContract) => contract.graphql.schema
 */
export type GraphqlContract<S extends GraphqlShape = GraphqlShape> = EndpointContract<
  Pick<S, 'name' | 'summary' | 'path' | 'access'> & {
    readonly method: 'POST'
    readonly reads: true
    readonly body: typeof GraphqlRequest
    readonly reply: { readonly status: 200; readonly body: typeof GraphqlResponse }
    readonly graphql: GraphqlPart<S['query'], LinksOf<S>>
  }
>

type LinksOf<S> = S extends { readonly links: infer L extends NonNullable<GraphqlShape['links']> }
  ? L
  : Record<never, never>

/**
 * Declares a GraphQL endpoint over endpoints of the project: its types and arguments are their schemas, and what a caller may
 * see of each is up to that endpoint's `access`. Throws a {@link ContractError}, one sentence, where it contradicts itself.
 * @example
 * export default graphql({
 *   name: 'graphql',
 *   summary: 'Orders, as many as a page needs, in one request.',
 *   path: '/v1/graphql',
 *   query: { order: getOrder },
 *   access: { anonymous: true },
 * })
 * @see docs/guide/43-graphql.md
 */
export function graphql<const S extends GraphqlShape>(shape: Exact<S, GraphqlShape>): GraphqlContract<S> {
  // Exact adds to the shape only keys that it does not have.
  const {
    query,
    links = {},
    mutation,
    subscription,
    depth,
    cost,
    introspection,
    persisted,
    examples = EXAMPLES,
    ...rest
  } = shape as GraphqlShape
  const part: Omit<GraphqlPart<GraphqlFields, NonNullable<GraphqlShape['links']>>, 'schema'> = {
    ...{ query, links, ...(mutation ? { mutation } : {}), ...(subscription ? { subscription } : {}) },
    ...{ depth: depth ?? DEPTH, cost: cost ?? COST },
    ...{ introspection: introspection ?? false, persisted: persisted ?? { documents: {} } },
  }
  const reply = { status: 200, body: GraphqlResponse } as const
  const unwritten = { ...part, schema: '' }
  const request = { method: 'POST', reads: true, body: GraphqlRequest, reply } as const
  // What a mutation replies is linked to what it has just written, which a replica may not have yet.
  const writes = mutation ? ({ ...callsOf(mutation), replica: false } as const) : {}
  const checked = endpoint({ ...rest, ...request, ...writes, examples, graphql: unwritten })
  const schema = writeSchema({ name: rest.name, query, links, mutation, subscription })
  // The shape's own parts are spread into it.
  return Object.freeze({ ...checked, graphql: Object.freeze({ ...part, schema }) }) as unknown as GraphqlContract<S>
}

/** Of what is no contract, there is none: the check of `mutation` says so. */
function callsOf(fields: GraphqlFields | undefined) {
  const names = new Set(Object.values(fields ?? {}).flatMap((endpoint) => endpoint?.name ?? []))
  return names.size > 0 ? { calls: [...names] } : {}
}

/** Any schema has it: what builds, checks and tries out contracts needs an operation that runs. */
const EXAMPLES = { typename: { body: { query: '{ __typename }' } } }

const DEPTH = 10
const COST = 1_000
