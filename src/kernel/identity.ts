import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose'

/** Who calls, as the gateway or the relay vouches for it in `Ebb-Identity`. */
export interface Identity {
  readonly sub: string
  readonly scopes: readonly string[]
  readonly tenant?: string
  /** Who acts for `sub`, where that is somebody else. */
  readonly act?: string
  readonly iss: Issuer
}

export type Issuer = 'ebb:gateway' | 'ebb:relay'

const LIFE_SECONDS = 60
const MOST_CACHED = 5_000

/** Signs identities with the private key (a JWK, Ed25519) as compact EdDSA JWS; reuses one for half its life. */
export function identitySigner(privateKey: JWK, iss: Issuer) {
  const key = importJWK(privateKey, 'EdDSA')
  const signed = boundedMap<{ token: Promise<string>; until: number }>(MOST_CACHED)
  return function sign(identity: Omit<Identity, 'iss'>, audience: string): Promise<string> {
    const cacheKey = JSON.stringify([identity, audience])
    const known = signed.get(cacheKey)
    if (known && known.until > Date.now()) return known.token
    const { sub, ...claims } = identity
    const token = key.then((signer) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'EdDSA', ...(privateKey.kid ? { kid: privateKey.kid } : {}) })
        .setIssuer(iss)
        .setSubject(sub)
        .setAudience(audience)
        .setExpirationTime(`${LIFE_SECONDS}s`)
        .sign(signer),
    )
    signed.set(cacheKey, { token, until: Date.now() + (LIFE_SECONDS * 1_000) / 2 })
    return token
  }
}

/**
 * Verifies identities meant for `audience`. A verified one is remembered until it expires, and is there at once. Rejects
 * where it is not good.
 */
export function identityVerifier(jwks: JSONWebKeySet, audience: string) {
  const keys = createLocalJWKSet(jwks)
  const verified = boundedMap<{ identity: Identity; until: number }>(MOST_CACHED)
  return function verify(token: string): Identity | Promise<Identity> {
    const known = verified.get(token)
    return known && known.until > Date.now() ? known.identity : look(token)
  }

  async function look(token: string): Promise<Identity> {
    const options = {
      algorithms: ['EdDSA'],
      audience,
      issuer: ['ebb:gateway', 'ebb:relay'],
      requiredClaims: ['exp', 'sub'],
    }
    const { payload } = await jwtVerify<Omit<Identity, 'sub'>>(token, keys, options)
    const { sub = '', scopes, tenant, act, iss, exp = 0 } = payload
    const identity = { sub, scopes, iss, ...(tenant ? { tenant } : {}), ...(act ? { act } : {}) }
    verified.set(token, { identity, until: exp * 1_000 })
    return identity
  }
}

export interface IdentityKeys {
  readonly privateKey: JWK
  readonly jwks: JSONWebKeySet
}

/** A fresh Ed25519 pair: the private JWK for gateway and relay, the public set for functions. */
export async function generateIdentityKeys(): Promise<IdentityKeys> {
  const pair = await generateKeyPair('EdDSA', { extractable: true })
  const [privateKey, publicKey] = await Promise.all([exportJWK(pair.privateKey), exportJWK(pair.publicKey)])
  const kid = await calculateJwkThumbprint(publicKey)
  return { privateKey: { ...privateKey, kid }, jwks: { keys: [{ ...publicKey, kid, alg: 'EdDSA', use: 'sig' }] } }
}

/** A map that forgets its oldest entry beyond `most`. */
function boundedMap<V>(most: number) {
  const entries = new Map<string, V>()
  return {
    get: (key: string) => entries.get(key),
    set: (key: string, value: V) => {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size > most) entries.delete(entries.keys().next().value ?? '')
    },
  }
}
