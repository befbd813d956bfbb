import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from 'jose'
import type { Issuer } from './identity.ts'

export interface IdentityKeys {
  /** The private keys (JWK), each for one issuer. */
  readonly gateway: JWK
  readonly relay: JWK
  /** Both public keys, for functions. */
  readonly jwks: JSONWebKeySet
}

/** Fresh Ed25519 keys, a pair for each issuer, so that neither can sign as the other. */
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
