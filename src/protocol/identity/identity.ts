import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from 'jose'

/** The caller, as the gateway or the relay vouches for it in `Ebb-Identity`. */
export interface Identity {
  /** Who calls: the subject of the API key or of the access token; `anonymous` at an endpoint that anyone may call. */
  readonly sub: string
  /** What the caller may do, such as `orders:read`. */
  readonly scopes: readonly string[]
  /** What the caller is, such as `merchant`, for decisions finer than scopes; undefined where key or token names none. */
  readonly roles?: readonly string[]
  /** The tenant that the caller belongs to; undefined where key or token names none. */
  readonly tenant?: string
  /** The application that the caller has logged in with (`azp` or `client_id` of the token); undefined for a key. */
  readonly client?: string
  /** `relay` where that calls on behalf of `sub`, as for `Prefer: respond-async`; undefined where the caller itself waits. */
  readonly act?: string
  /** The function that calls on behalf of `sub`, since its contract says that it does; undefined where none stands in between. */
  readonly via?: string
  /** Who vouches for it: the gateway for a request, the relay for an event or a call that was accepted earlier. */
  readonly iss: Issuer
}

export const ISSUERS = ['ebb:gateway', 'ebb:relay'] as const
export type Issuer = (typeof ISSUERS)[number]

export interface IdentityKeys {
  /** The private keys (JWK), each for one issuer. */
  readonly gateway: JWK
  readonly relay: JWK
  /** Both public keys, for functions. */
  readonly jwks: JSONWebKeySet
}

/** Generates Ed25519 keys, a pair for each issuer, so that neither can sign as the other. */
export async function generateIdentityKeys(): Promise<IdentityKeys> {
  const [gateway, relay] = await Promise.all([generatePair('ebb:gateway'), generatePair('ebb:relay')])
  return { gateway: gateway.privateKey, relay: relay.privateKey, jwks: { keys: [gateway.publicKey, relay.publicKey] } }
}

async function generatePair(iss: Issuer) {
  const pair = await generateKeyPair('EdDSA', { extractable: true })
  const [privateKey, publicKey] = await Promise.all([exportJWK(pair.privateKey), exportJWK(pair.publicKey)])
  const kid = await calculateJwkThumbprint(publicKey)
  return { privateKey: { ...privateKey, kid }, publicKey: { ...publicKey, kid, alg: 'EdDSA', use: 'sig', iss } }
}
