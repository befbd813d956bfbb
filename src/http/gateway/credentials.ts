import type { Authorizer, Judgement } from '../../contract/index.ts'
import type { Correlation } from '../../kernel/index.ts'
import type { Identity, JudgementRequest } from '../../protocol/index.ts'
import type { ClientInfo } from './client-info.ts'

/** The caller as the gateway knows it. */
export type Caller = Omit<Identity, 'iss'>

/** Who sent a valid credential. */
export interface Authenticated {
  readonly caller: Caller
  readonly credential: Credential
  /** The plan that the credential itself names; undefined where it names none. */
  readonly plan?: string
}

/** What a caller proved itself with. */
export interface Credential {
  readonly kind: 'key' | 'token' | 'authorizer'
  /** The id of an API key, the issuer of a token, or the name of an authorizer. */
  readonly id: string
}

/** An access token, and what of its request may belong to it. */
export interface PresentedToken {
  readonly token: string
  /** The scheme of `Authorization`, in lower case. */
  readonly scheme: 'bearer' | 'dpop'
  /** The header `DPoP` (RFC 9449), each line of it. */
  readonly proofs: readonly string[]
  readonly method: string
  /** As sent, without scheme and host, and without the query. */
  readonly path: string
  /** The same with scheme and host, as the caller asked for it. */
  readonly url: string
  readonly client: ClientInfo
}

/** How credentials are checked; synchronously where that was done before. */
export interface Authenticators {
  /** Whose API key it is; undefined where it is not valid. Rejects with a Problem while keys cannot be looked up. */
  readonly key: (key: string) => Authenticated | undefined | Promise<Authenticated | undefined>
  /** Whose access token it is. Throws a TokenError where it is not valid, a Problem where that cannot be known. Undefined where there is no issuer. */
  readonly token?: ((presented: PresentedToken) => Authenticated | Promise<Authenticated>) | undefined
}

/**
 * Asks an authorizer who sends a request, and says how its function ran. Rejects with a Problem 503 where it does not answer.
 */
export type AskAuthorizer = (
  authorizer: Authorizer,
  question: JudgementRequest,
  correlation: Correlation,
) => Promise<{ readonly judgement: Judgement; readonly call: FunctionCall }>

/** What is known of a call of a function. */
export interface FunctionCall {
  readonly cold: boolean
  readonly revision: string | undefined
}

/** A request to an endpoint that has an authorizer. */
export interface JudgedRequest {
  readonly authorizer: string
  /** `kept` is an earlier answer; `failed` where there was none. */
  readonly outcome: 'allowed' | 'refused' | 'failed' | 'kept'
  /** The call of its function, where there was an answer. */
  readonly call?: FunctionCall
}
