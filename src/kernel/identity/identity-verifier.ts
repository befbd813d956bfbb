import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, type JWK, jwtVerify } from 'jose'
import { boundedMap } from './bounded-map.ts'
import { type Identity, ISSUERS, type Issuer } from './identity.ts'

/** How far the clocks of signer and function may be apart. */
const TOLERANCE_SECONDS = 60
const MAX_CACHED = 5_000

/**
 * Verifies identities meant for `audience`. A public key with an `iss` of its own vouches for that issuer alone; one
 * without, for both. A verified identity is remembered until it expires, and is there at once. Rejects where it is not
 * good.
 */
export function identityVerifier(jwks: JSONWebKeySet, audience: string, { now = Date.now } = {}) {
  const keysOf = new Map(ISSUERS.map((iss) => [iss, createLocalJWKSet({ keys: jwks.keys.filter(vouchesFor(iss)) })]))
  const verified = boundedMap<{ identity: Identity; until: number }>(MAX_CACHED)
  return function verify(token: string): Identity | Promise<Identity> {
    const known = verified.get(token)
    return known && known.until > now() ? known.identity : look(token)
  }

  async function look(token: string): Promise<Identity> {
    const at = now()
    const claimed = decodeJwt(token)
    const keys = keysOf.get(claimed.iss as Issuer)
    if (!keys) throw new errors.JWTClaimValidationFailed('no issuer of identities', claimed, 'iss', 'check_failed')
    const { payload } = await jwtVerify<Omit<Identity, 'sub'>>(token, keys, {
      ...{ algorithms: ['EdDSA'], audience, requiredClaims: ['exp', 'sub'] },
      ...{ clockTolerance: TOLERANCE_SECONDS, currentDate: new Date(at) },
    })
    const { sub = '', scopes, tenant, act, iss, exp = 0, iat = 0 } = payload
    if (iat > at / 1_000 + TOLERANCE_SECONDS)
      throw new errors.JWTClaimValidationFailed('signed in the future', payload, 'iat', 'check_failed')
    const known = { sub, scopes: Object.freeze(scopes), iss, ...(tenant ? { tenant } : {}), ...(act ? { act } : {}) }
    const identity = Object.freeze(known)
    verified.set(token, { identity, until: (exp + TOLERANCE_SECONDS) * 1_000 })
    return identity
  }
}

const vouchesFor =
  (issuer: Issuer) =>
  ({ iss }: JWK & { readonly iss?: unknown }) =>
    iss === undefined || iss === issuer
