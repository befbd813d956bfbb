import type { FollowedEvent } from './graphql-subscription.ts'

/**
 * Operations that are known beforehand (trusted documents).
 * @example const persisted: PersistedOperations = { documents: { newest: '{ order(id: "7") { quantity } }' }, only: true }
 */
export interface PersistedOperations {
  /** The text of each operation by its id, as tools write it: its SHA-256, or a name. */
  readonly documents: Readonly<Record<string, string>>
  /** Whether the gateway takes no others. */
  readonly only?: true
}

/**
 * What the contract of a GraphQL endpoint has besides those of others, as `graphql()` makes it.
 * @example const sizeOf = ({ schema }: GraphqlPart) => schema.length
 */
export interface GraphqlPart<Query = unknown, Links = unknown> {
  /** The schema, in GraphQL's own language. */
  readonly schema: string
  /** The endpoints that the fields of `Query` show. */
  readonly query: Query
  /** Those that fields of other types show, and by what. */
  readonly links: Links
  /** The endpoints that the fields of `Mutation` call; undefined where it only reads. */
  readonly mutation?: unknown
  /** The events that the fields of `Subscription` follow; undefined where there are none. */
  readonly subscription?: unknown
  /** How deep an operation may select. */
  readonly depth: number
  /** How much an operation may ask for. */
  readonly cost: number
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean
  /** The operations that are known beforehand. */
  readonly persisted: PersistedOperations
}

/** The same as plain data: what the gateway reads. */
export type GraphqlLimits = Omit<GraphqlPart, 'query' | 'links' | 'mutation' | 'subscription'> & {
  /** The events that operations may follow, by field; undefined where there are none. */
  readonly follows?: Readonly<Record<string, FollowedEvent>>
}
