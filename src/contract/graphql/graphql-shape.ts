import type { Deployment } from '../deployment-shape.ts'
import type { Access, EndpointContract, EndpointShape } from '../endpoint-shape.ts'
import type { PersistedOperations } from './graphql-part.ts'
import type { GraphqlSubscriptions } from './graphql-subscription.ts'

/**
 * A GraphQL endpoint, as `graphql()` takes it: which endpoints' replies can be asked for together, in one request.
 * @example
 * const shape: GraphqlShape = {
 *   name: 'graphql',
 *   summary: 'Orders, as many as a page needs, in one request.',
 *   path: '/v1/graphql',
 *   query: { order: getOrder },
 *   access: { anonymous: true },
 * }
 * @see docs/guide/43-graphql.md
 */
export interface GraphqlShape extends Deployment {
  /** The name of its folder, image and service: a DNS label of at most 40 characters. */
  readonly name: string
  /** What it does, in one sentence. */
  readonly summary: string
  /** More than a sentence, in CommonMark. */
  readonly description?: string
  /** The route, which takes POST and GET. */
  readonly path: `/${string}`
  /**
   * The fields of the type `Query`: each is a GET of the project. Parameters of its path and query are the field's arguments,
   * its reply is the field's type, and who may call it may ask for the field.
   */
  readonly query: GraphqlFields
  /**
   * The fields of the type `Mutation`: each is an idempotent endpoint of the project that writes, and that its field calls, one
   * after the other, as the contract's `calls` would. Its body is the argument `input`. Such an operation needs an Idempotency-Key.
   */
  readonly mutation?: GraphqlFields
  /**
   * The fields of the type `Subscription`: each is an event of the project, whose data callers follow by Server-Sent Events
   * (`Accept: text/event-stream`). The gateway sends them, and no function runs for it.
   */
  readonly subscription?: GraphqlSubscriptions
  /** Further fields of the replies' types, by type and field: what leads from one thing to another. */
  readonly links?: Readonly<Record<string, Readonly<Record<string, GraphqlLink>>>>
  /** How deep an operation may select (default: 10, at most 50). */
  readonly depth?: number
  /** How much an operation may ask for (default: 1,000): each value that could come counts 1, and each look-up 10. */
  readonly cost?: number
  /** Whether clients may ask for the schema (default: false). The gateway answers that, and no function starts for it. */
  readonly introspection?: true
  /** Operations that are known beforehand, which clients name by their ids. */
  readonly persisted?: PersistedOperations
  /** Who may call. What an operation asks for is granted by the contract of each endpoint besides. */
  readonly access: Access
  /** The caller must have a tenant, which every statement of the request belongs to. */
  readonly tenancy?: true
  /** What each caller may send, as of any endpoint: the gateway answers 429 beyond it. */
  readonly limit?: NonNullable<EndpointShape['limit']>
  /** Which requests the gateway refuses first while it has more to do than it can, and which last. */
  readonly priority?: 'low' | 'high'
  /** That it ends, and when, as of any endpoint. */
  readonly deprecated?: NonNullable<EndpointShape['deprecated']>
  /** What callers may rely on, as of any endpoint. */
  readonly objective?: NonNullable<EndpointShape['objective']>
  /** Operations with their results, by title (default: one that asks for no field of an endpoint). */
  readonly examples?: NonNullable<EndpointShape['examples']>
  /** `false` keeps its reads at the database itself. */
  readonly replica?: false
}

/**
 * Endpoints by the name of the field that shows their reply.
 * @example const fields: GraphqlFields = { order: getOrder }
 */
export type GraphqlFields = Readonly<Record<string, EndpointContract>>

/**
 * A field that leads from one thing to another: an endpoint, and which of its parameters are which fields of the thing that it
 * leads from. The other parameters are the field's arguments.
 * @example const link: GraphqlLink = { to: getOrder, by: { id: 'orderId' } }
 */
export interface GraphqlLink {
  /** The endpoint whose reply it shows. */
  readonly to: EndpointContract
  /** By the endpoint's parameter, of path or query: the property of the thing that it leads from. */
  readonly by: Readonly<Record<string, string>>
}
