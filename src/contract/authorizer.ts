import type { AuthorizerContract, AuthorizerShape } from './authorizer-shape.ts'
import { checkAuthorizer } from './check-authorizer.ts'
import type { Exact } from './endpoint.ts'

/**
 * Declares an authorizer: a function that says who sent a request, for endpoints that name it in `access.authorizer`. It is
 * asked by the gateway, and by nobody else. Throws a {@link ContractError}, one sentence that says what to write instead,
 * where the contract contradicts itself.
 * @example
 * export default authorizer({
 *   name: 'check-partner',
 *   summary: 'Tell which partner has signed a request.',
 *   credentials: { headers: ['x-partner', 'x-partner-signature'] },
 *   ttlSeconds: 60,
 * })
 * @see docs/guide/23-authorizers.md
 */
export function authorizer<const C extends AuthorizerShape>(
  contract: Exact<C, AuthorizerShape>,
): AuthorizerContract<C> {
  checkAuthorizer(contract)
  return Object.freeze({ ...(contract as C), kind: 'authorizer' as const })
}

/**
 * What an authorizer sees of a request: what its contract names, and no more.
 * @example const partner = ({ headers }: Presented) => headers['x-partner']
 */
export interface Presented<C extends AuthorizerShape = AuthorizerShape> {
  /** The headers that the contract names, in lower case, each undefined where it was not sent. */
  readonly headers: Readonly<Record<C['credentials']['headers'][number], string | undefined>>
  /** The HTTP method. */
  readonly method: string
  /** The path of the endpoint's contract, such as `/v1/orders/{id}`. */
  readonly route: string
  /** As it was sent, still encoded. */
  readonly path: C['credentials'] extends { readonly path: true } ? string : undefined
  /** As it was sent, with its question mark; '' where there is none. */
  readonly query: C['credentials'] extends { readonly query: true } ? string : undefined
  /** The bytes of the body, as they were sent; none where there is none. */
  readonly body: C['credentials'] extends { readonly body: true } ? Uint8Array : undefined
}

/**
 * What an authorizer answers: who the caller is, or that it is nobody. What the caller may do is decided as for any other, by
 * the scopes of the endpoint.
 * @example const judgement: Judgement = { allow: true, caller: { sub: 'acme', scopes: ['orders:write'] } }
 */
export type Judgement =
  | {
      readonly allow: true
      readonly caller: {
        /** Who calls, without control characters; the gateway puts `subjectPrefix` before it. */
        readonly sub: string
        /** What it may do; default: nothing that takes a scope. */
        readonly scopes?: readonly string[]
        /** What it is, for policies. */
        readonly roles?: readonly string[]
        /** The tenant that it belongs to. */
        readonly tenant?: string
      }
      /** For how long the answer holds, where that is less than the contract says. */
      readonly ttlSeconds?: number
    }
  | { readonly allow: false }
