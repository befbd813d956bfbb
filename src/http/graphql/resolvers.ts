import type { EndpointContract, Failure, FailureOptions, GraphqlContract, Input, Output } from '../../contract/index.ts'
import type { Owner } from '../owner.ts'
import type { Loader } from './loader.ts'

/**
 * What answers the fields of a GraphQL endpoint: a resolver for each endpoint that it shows, by the endpoint's name. Wherever a
 * field shows that endpoint, the same one is called.
 * @example
 * const resolvers: Resolvers<typeof graph> = {
 *   'get-order': ({ params }, { fail }) => (params.id === '7' ? { id: '7', quantity: 1 } : fail('order_not_found', 'There is none.')),
 * }
 */
// Without `as`, by which TypeScript would not see what the parameters of a resolver are.
export type Resolvers<C extends GraphqlContract> = {
  readonly [Name in Shown<C>['name']]: Resolver<Extract<Shown<C>, { readonly name: Name }>>
}

/**
 * Looks up what one endpoint would reply. Its input has been validated by the endpoint's contract, and its caller may call it.
 * @example const resolver: Resolver<typeof getOrder> = ({ params }) => ({ id: params.id, quantity: 1 })
 */
export type Resolver<E extends EndpointContract> = (
  input: Pick<Input<E>, 'params' | 'query'>,
  tools: ResolverTools<E>,
) => Promise<Output<E>> | Output<E>

/**
 * What a resolver gets of the endpoint's contract.
 * @example const refuse = ({ fail }: ResolverTools<typeof getOrder>) => fail('order_not_found', 'There is none.')
 */
export interface ResolverTools<E> {
  /** Throws a failure that the endpoint's contract declares: the field is null, and the error has its code. */
  fail<Code extends Failure<E>>(code: Code, message: string, ...options: FailureOptions<E, Code>): never
  /** Says who owns what was asked for, as in the endpoint's own handler: it must be called where the contract says `owner`. */
  own: E extends { readonly access: { readonly owner: true } } ? (owner: string | Owner) => void : never
}

/**
 * What the resolvers of one operation are made with, besides what every handler gets.
 * @example
 * const orders = ({ loader }: GraphqlTools) =>
 *   loader((ids: readonly string[]) => sql<{ id: string; quantity: number }>`select * from orders where id = any(${ids})`, ({ id }) => id)
 */
export interface GraphqlTools {
  /**
   * Collects the keys that fields ask for at the same time, and looks all of them up at once, each once per operation. `load` gets
   * at most 1,000 distinct keys, and returns what there is of them in any order; `keyOf` says which key a row has.
   */
  readonly loader: <Key extends string | number, Row>(
    load: (keys: readonly Key[]) => Promise<readonly Row[]>,
    keyOf: (row: Row) => Key,
  ) => Loader<Key, Row>
}

type Shown<C extends GraphqlContract> = ShownByQuery<C['graphql']['query']> | ShownByLinks<C['graphql']['links']>
type ShownByQuery<Q> = Extract<Q[keyof Q], EndpointContract>
type ShownByLinks<L> = { [T in keyof L]: ShownByFields<L[T]> }[keyof L]
type ShownByFields<F> = {
  [N in keyof F]: F[N] extends { readonly to: infer E extends EndpointContract } ? E : never
}[keyof F]
