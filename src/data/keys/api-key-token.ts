import { createHmac, hkdfSync, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_CHARACTERS = 32
const TOKEN = /^(ebb_live_([0-9A-Za-z]{32}))_([0-9a-f]{8})$/

/** A new token with 190 random bits: `ebb_live_<random>_<CRC-32 of the text before it>`. */
export function makeToken(): string {
  return tokenOf(Array.from({ length: RANDOM_CHARACTERS }, () => randomInt(ALPHABET.length)))
}

/** The token whose random part has these characters, each by its place in the alphabet. */
function tokenOf(places: readonly number[]): string {
  const random = places.map((place) => ALPHABET[place % ALPHABET.length]).join('')
  return `ebb_live_${random}_${checksumOf(`ebb_live_${random}`)}`
}

/**
 * The token that a key's random id and a caller's Idempotency-Key make with the pepper, the same each time: so that a repeated
 * request is answered with its token, which is stored nowhere.
 */
export function deriveToken(
  pepper: string,
  { id, idempotencyKey }: { readonly id: string; readonly idempotencyKey: string },
) {
  const bytes = hkdfSync('sha256', pepper, id, `ebb.api_key ${idempotencyKey}`, RANDOM_CHARACTERS * 8)
  // Of 64 bits each, so that no character is more likely than another by more than 2^-58.
  const words = new BigUint64Array(bytes)
  return tokenOf([...words].map((word) => Number(word % BigInt(ALPHABET.length))))
}

/** Whether a token has the form and the checksum of an Ebb token. */
export function isWellFormed(token: string): boolean {
  const [, text, , checksum] = TOKEN.exec(token) ?? []
  return text !== undefined && checksumOf(text) === checksum
}

const checksumOf = (text: string) => crc32(text).toString(16).padStart(8, '0')
export const prefixOf = (token: string) => token.slice('ebb_live_'.length, 'ebb_live_'.length + 8)
export const hmacOf = (token: string, pepper: string) => createHmac('sha256', pepper).update(token).digest()
