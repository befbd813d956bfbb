import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JSONWebKeySet } from 'jose'
import type { SigningKey } from './provider-config.ts'

/** Longer than any token lives. */
const KEPT_MS = 2 * 3_600_000

/** Generates a key for ES256, which every browser and every library can verify. */
export async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  // A key that was just generated as ES256.
  return { jwk: { ...jwk, kid, alg: 'ES256', use: 'sig' } as SigningKey['jwk'] }
}

/** Puts a new key in front. The others verify what they have signed for as long as that may be valid. */
export async function rotateKeys(keys: readonly SigningKey[], now = new Date()): Promise<SigningKey[]> {
  const retired = keys.map((key) => ({ retiredAt: now.toISOString(), ...key }))
  return [await generateSigningKey(), ...withoutExpired(retired, now)]
}

/** What of the keys everybody may know. */
export const toPublicKeys = (keys: readonly SigningKey[]): JSONWebKeySet => ({
  keys: keys.map(({ jwk: { kty, crv, x, y, kid } }) => ({ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' })),
})

/** Without the keys whose tokens have all expired. */
export const withoutExpired = (keys: readonly SigningKey[], now = new Date()): SigningKey[] =>
  keys.filter(({ retiredAt }) => retiredAt === undefined || now.getTime() - Date.parse(retiredAt) < KEPT_MS)
