import { jwtVerify } from 'jose'
import type { Identity } from '../identity/identity.ts'
import type { IssuerSettings } from './issuer-settings.ts'
import type { KeySet } from './key-set.ts'
import { mapClaims, planOf } from './map-claims.ts'
import { readJwt } from './read-jwt.ts'
import { TokenError } from './token-error.ts'

/** An access token that was checked, and until when that holds. */
export interface VerifiedToken {
  readonly caller: Omit<Identity, 'iss'>
  readonly issuer: string
  /** The plan that it names, where it names one. */
  readonly plan: string | undefined
  /** Its `jti`, where it has one. */
  readonly id: string | undefined
  /** The thumbprint of the key that it is bound to (RFC 9449, 6.1): it is good only with a proof of that key. */
  readonly jkt: string | undefined
  /** In ms since 1970, with the tolerance for clocks. */
  readonly notBefore: number
  readonly expiresAt: number
  /** Whether whatever it was checked with still holds. */
  readonly isGood: () => boolean
}

export interface TrustedIssuer {
  readonly settings: IssuerSettings
  readonly keys: KeySet
}

/**
 * Creates a function that verifies JWT access tokens (RFC 9068) of these issuers. It rejects with a TokenError where a token is
 * not valid, and with a Problem 503 while that cannot be known. It remembers nothing: see `createTokenCache`.
 */
export function createTokenVerifier(issuers: readonly TrustedIssuer[], { now = Date.now } = {}) {
  const byIssuer = new Map(issuers.map((one) => [one.settings.issuer, one]))
  return async function verify(token: string): Promise<VerifiedToken> {
    const { header, claims } = readJwt(token)
    const trusted = byIssuer.get(claims.iss as string)
    if (!trusted) throw new TokenError('The issuer of the token is not accepted here.')
    const { settings, keys } = trusted
    const { algorithms, audience, issuer, types, clockToleranceSeconds } = settings
    if (!algorithms.some((algorithm) => algorithm === header.alg))
      throw new TokenError('The token is signed in a way that is not accepted.')
    if (!types.some((type) => type.toLowerCase() === normalizeType(header.typ)))
      throw new TokenError(`The token is not an access token: its typ must be ${types.join(' or ')}.`)
    const key = await keys.find(header)
    const at = now()
    const { payload } = await jwtVerify(token, key.key, {
      ...{ algorithms, audience, issuer, requiredClaims: ['exp', 'sub'] },
      ...{ clockTolerance: clockToleranceSeconds, currentDate: new Date(at) },
    }).catch((cause: unknown) => {
      throw refusalOf(cause)
    })
    const foreign = issuers.filter((one) => one !== trusted).map((one) => one.settings.subjectPrefix)
    return { ...createVerifiedToken(payload, settings, { foreign, at }), isGood: key.isGood }
  }
}

/**
 * What verified claims say, of a JWT or of an introspection (RFC 7662). Throws a TokenError where they are no access token's, or
 * not valid now.
 */
export function createVerifiedToken(
  claims: Readonly<Record<string, unknown>>,
  settings: IssuerSettings,
  { foreign, at }: { readonly foreign: readonly string[]; readonly at: number },
): Omit<VerifiedToken, 'isGood'> {
  const toleranceMs = settings.clockToleranceSeconds * 1_000
  const [exp, nbf = 0, iat = 0] = [claims.exp, claims.nbf, claims.iat].map(secondsOf)
  if (Math.max(nbf, iat) * 1_000 > at + toleranceMs) throw new TokenError('The token is not valid yet.')
  if (exp !== undefined && exp * 1_000 + toleranceMs <= at) throw new TokenError(EXPIRED)
  // A security event, such as a logout token, which has the same audience as an ID token (RFC 8417, 2.2).
  if (claims.events !== undefined) throw new TokenError('The token is not an access token.')
  return {
    caller: mapClaims(claims, settings, foreign),
    issuer: settings.issuer,
    plan: planOf(claims, settings),
    id: typeof claims.jti === 'string' ? claims.jti : undefined,
    jkt: thumbprintOf(claims.cnf),
    notBefore: nbf * 1_000 - toleranceMs,
    expiresAt: exp === undefined ? Number.POSITIVE_INFINITY : exp * 1_000 + toleranceMs,
  }
}

const EXPIRED = 'The token has expired; get a new one.'

function secondsOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new TokenError('A time in the token is not a number.')
}

/** Every other way to bind a token to something (RFC 7800, RFC 8705) would have to be checked, and cannot be here. */
function thumbprintOf(cnf: unknown): string | undefined {
  if (cnf === undefined) return undefined
  const { jkt, ...others } = Object(cnf) as Readonly<Record<string, unknown>>
  if (typeof jkt === 'string' && Object.keys(others).length === 0) return jkt
  throw new TokenError('The token is bound to something else than a DPoP key, which cannot be checked here.')
}

/** A JWT need not say that it is one (RFC 7519, 5.1). */
const normalizeType = (typ = 'JWT') => typ.toLowerCase().replace(/^application\//, '')

/** What jose found, as a sentence. */
function refusalOf(cause: unknown): TokenError {
  const { code, claim } = Object(cause) as { readonly code?: string; readonly claim?: string }
  if (code === 'ERR_JWT_EXPIRED') return new TokenError(EXPIRED, { cause })
  if (claim === 'aud') return new TokenError('The token is for another audience.', { cause })
  if (claim === 'nbf') return new TokenError('The token is not valid yet.', { cause })
  if (claim !== undefined)
    return new TokenError(`The claim ${claim} of the token is missing or not accepted.`, { cause })
  return new TokenError('The signature of the token does not verify.', { cause })
}
