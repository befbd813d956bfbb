import { importJWK, type JWK, SignJWT } from 'jose'
import { createBoundedMap } from '../../kernel/bounded-map.ts'
import { type Config, ConfigError, requireSetting } from '../../kernel/config.ts'
import type { Identity, Issuer } from './identity.ts'

export interface SignOptions {
  /** How long the request may wait for its function, which checks the identity when it arrives; default: 30 s. */
  readonly waitMs?: number
  /** Signs even where a signature could be reused: for a function that refused that one. */
  readonly fresh?: boolean
}

export type SignIdentity = (identity: Omit<Identity, 'iss'>, audience: string, options?: SignOptions) => Promise<string>

const REUSE_MS = 30_000
const DEFAULT_WAIT_MS = 30_000
const MAX_CACHED = 5_000

/**
 * Signs identities with the private key (a JWK, Ed25519) as compact EdDSA JWS. One is good for 30 s and the longest wait
 * of its request, and is reused while it outlives that wait.
 */
export function createIdentitySigner(privateKey: JWK, iss: Issuer, { now = Date.now } = {}): SignIdentity {
  const key = importJWK(privateKey, 'EdDSA')
  const signed = createBoundedMap<{ token: Promise<string>; expiresAt: number }>(MAX_CACHED)
  return function sign(identity, audience, { waitMs = DEFAULT_WAIT_MS, fresh = false } = {}) {
    const at = now()
    const cacheKey = JSON.stringify([identity, audience])
    const known = signed.get(cacheKey)
    if (known && !fresh && known.expiresAt >= at + waitMs) return known.token
    const { sub, ...claims } = identity
    const expiresAt = at + waitMs + REUSE_MS
    const token = key.then((signer) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'EdDSA', ...(privateKey.kid ? { kid: privateKey.kid } : {}) })
        .setIssuer(iss)
        .setSubject(sub)
        .setAudience(audience)
        .setIssuedAt(Math.floor(at / 1_000))
        .setExpirationTime(Math.ceil(expiresAt / 1_000))
        .sign(signer),
    )
    signed.set(cacheKey, { token, expiresAt })
    return token
  }
}

/** The signer of `EBB_IDENTITY_KEY`. Signs once, so that a key that cannot is a fault of the start and not of each request. */
export async function openIdentitySigner(config: Config, iss: Issuer): Promise<SignIdentity> {
  // Whatever is wrong with the key, the first signature shows.
  const sign = createIdentitySigner(requireSetting(config, 'EBB_IDENTITY_KEY') as JWK, iss)
  try {
    await sign({ sub: iss, scopes: [] }, iss)
  } catch (cause) {
    throw new ConfigError('EBB_IDENTITY_KEY: is no private Ed25519 key (a JWK)', { cause })
  }
  return sign
}
