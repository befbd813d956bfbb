import { importJWK, type JWK, SignJWT } from 'jose'
import { createBoundedMap } from '../../kernel/bounded-map.ts'
import { type Config, requireSetting } from '../../kernel/config.ts'
import { ConfigError } from '../../kernel/config-error.ts'
import type { Identity, IdentityKeys, Issuer } from './identity.ts'

export interface SignOptions {
  /** How long the request may wait for its function, which checks the identity on arrival; default: 30 s. */
  readonly waitMs?: number
  /** Signs even where a signature could be reused: for a function that refused it. */
  readonly fresh?: boolean
}

export type SignIdentity = (identity: Omit<Identity, 'iss'>, audience: string, options?: SignOptions) => Promise<string>

const REUSE_MS = 30_000
const DEFAULT_WAIT_MS = 30_000
const MAX_CACHED = 5_000

/**
 * Creates a function that signs identities with the private key (a JWK, Ed25519) as compact EdDSA JWS. A signature is valid
 * for 30 s and the longest wait of its request, and is reused while it outlives that wait.
 */
export function createIdentitySigner(privateKey: JWK, iss: Issuer, { now = Date.now } = {}): SignIdentity {
  const key = importJWK(privateKey, 'EdDSA')
  const signed = createBoundedMap<string, { token: Promise<string>; expiresAt: number }>(MAX_CACHED)
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

/** The signers of both issuers, each with its own key. */
export const createIdentitySigners = ({
  gateway,
  relay,
}: Pick<IdentityKeys, 'gateway' | 'relay'>): Readonly<Record<'gateway' | 'relay', SignIdentity>> => ({
  gateway: createIdentitySigner(gateway, 'ebb:gateway'),
  relay: createIdentitySigner(relay, 'ebb:relay'),
})

/**
 * The signer with `EBB_IDENTITY_KEY`. It signs once, so that an unusable key fails at the start and not at each request.
 * Rejects with a ConfigError.
 */
export async function openIdentitySigner(config: Config, iss: Issuer): Promise<SignIdentity> {
  // The first signature shows all that can be wrong with the key.
  const sign = createIdentitySigner(requireSetting(config, 'EBB_IDENTITY_KEY') as JWK, iss)
  try {
    await sign({ sub: iss, scopes: [] }, iss)
  } catch (cause) {
    throw new ConfigError('EBB_IDENTITY_KEY: is not a valid private Ed25519 key (a JWK)', { cause })
  }
  return sign
}
