import type { Deployment } from './deployment-shape.ts'

/**
 * A function that the gateway asks who sent a request, as `authorizer()` takes it.
 * @example
 * const shape: AuthorizerShape = {
 *   name: 'check-partner',
 *   summary: 'Tell which partner has signed a request.',
 *   credentials: { headers: ['x-partner-signature'] },
 * }
 * @see docs/guide/23-authorizers.md
 */
export interface AuthorizerShape extends Deployment {
  /** The name of its folder, image and service: a DNS label of at most 40 characters. */
  readonly name: string
  /** What it does, in one sentence. */
  readonly summary: string
  /** More than a sentence, in CommonMark. */
  readonly description?: string
  /** What it sees of a request, beside the endpoint that it goes to. */
  readonly credentials: Credentials
  /**
   * How long the gateway keeps an answer for requests that look the same to it, in seconds (default: 60, at most 3,600). A
   * refusal is kept for 5 s at most. With 0 it is asked for each request.
   */
  readonly ttlSeconds?: number
  /** What comes before each of its subjects (default: its name and a colon), so that they are nobody else's. '' shares them. */
  readonly subjectPrefix?: string
}

/**
 * What an authorizer judges a request by. An answer is kept for requests that agree in all of it: whatever it sees more makes
 * it be asked more often.
 * @example const credentials: Credentials = { headers: ['x-signature'], path: true, query: true, body: true }
 */
export interface Credentials {
  /** The headers, in lower case; a request that has none of them is a 401 at once. They are not passed on to the endpoint. */
  readonly headers: readonly string[]
  /** It sees the path as it was sent. */
  readonly path?: true
  /** It sees the query as it was sent. */
  readonly query?: true
  /** It sees the bytes of the body, as a signature over them needs it. They are read before it is known who sends them. */
  readonly body?: true
}

/**
 * An authorizer's contract as `authorizer()` returns it: frozen, and known to be consistent.
 * @example const names = (contracts: readonly AuthorizerContract[]) => contracts.map(({ name }) => name)
 */
export type AuthorizerContract<C extends AuthorizerShape = AuthorizerShape> = C & { readonly kind: 'authorizer' }
