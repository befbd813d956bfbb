import { Problem } from '../../contract/index.ts'
import { PROOF_ALGORITHMS } from '../../protocol/tokens/proof-algorithms.ts'
import type { TokenError } from '../../protocol/tokens/token-error.ts'
import type { GatewayContext } from './context.ts'

/** Where a caller finds who issues tokens for this API (RFC 9728). */
export const RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource'

/** What the caller asked for, as far as it is known here: scheme and host, without a path. */
export function originOf({ client, headers }: Pick<GatewayContext, 'client' | 'headers'>): string {
  return `${client.proto}://${client.host ?? headers.host?.[0] ?? 'localhost'}`
}

export interface ChallengeOptions {
  /** Whether access tokens are accepted here. */
  readonly hasIssuers: boolean
  /** Whether the endpoint takes nothing but tokens that are bound to a key. */
  readonly dpop?: boolean | undefined
  /** What a token needs, where that is known. */
  readonly scopes?: readonly string[]
}

/** The refusal of a request that has no credential, or one that nobody knows: one sentence for all, since it must not reveal which. */
export function unauthenticated(
  context: GatewayContext,
  { hasIssuers, dpop = false, scopes = [] }: ChallengeOptions,
): Problem {
  const challenge = challengeOf(context, {
    ...{ scheme: dpop ? 'DPoP' : 'Bearer', hasIssuers },
    ...(hasIssuers && scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
  })
  return new Problem('unauthenticated', 401, messageOf({ hasIssuers, dpop }), {
    headers: { 'www-authenticate': challenge },
  })
}

const messageOf = ({ hasIssuers, dpop }: ChallengeOptions) => {
  if (dpop) return 'Send an access token as Authorization: DPoP, with a proof of its key in the header DPoP.'
  if (hasIssuers) return 'Send a valid access token as Authorization: Bearer, or an API key in X-API-Key.'
  return 'Send a valid API key in X-API-Key or as Authorization: Bearer.'
}

/** The refusal of a token that is not valid (RFC 6750, 3.1; RFC 9449, 7.1). */
export function refuseToken(context: GatewayContext, error: TokenError, scheme: 'bearer' | 'dpop'): Problem {
  const challenge = challengeOf(context, {
    scheme: scheme === 'dpop' ? 'DPoP' : 'Bearer',
    hasIssuers: true,
    ...{ error: error.code, error_description: error.message },
  })
  return new Problem('unauthenticated', 401, error.message, {
    cause: error,
    headers: { 'www-authenticate': challenge },
  })
}

/** The header of a 403 for want of scopes (RFC 6750, 3.1). */
export const insufficientScope = (context: GatewayContext, scopes: readonly string[]): string =>
  challengeOf(context, { scheme: 'Bearer', hasIssuers: true, error: 'insufficient_scope', scope: scopes.join(' ') })

interface Challenge {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly hasIssuers: boolean
  readonly error?: string
  readonly error_description?: string
  readonly scope?: string
}

function challengeOf(context: GatewayContext, { scheme, hasIssuers, ...parameters }: Challenge): string {
  const all = {
    ...parameters,
    ...(scheme === 'DPoP' ? { algs: PROOF_ALGORITHMS.join(' ') } : {}),
    ...(hasIssuers ? { resource_metadata: originOf(context) + RESOURCE_METADATA_PATH } : {}),
  }
  const written = Object.entries(all).map(([name, value]) => `${name}="${quotable(value)}"`)
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`
}

/** The characters that RFC 6750, 3 allows there. */
const quotable = (text: string) => text.replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'")
