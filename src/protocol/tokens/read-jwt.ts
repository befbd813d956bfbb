import { TokenError } from './token-error.ts'

/** Of a token, before anything of it is looked at. The headers of a request have 16 KiB together, and many tokens are remembered. */
export const MAX_TOKEN_LENGTH = 8_192
const MAX_NAME_LENGTH = 256

export interface Jwt {
  readonly header: { readonly alg: string; readonly kid?: string; readonly typ?: string }
  /** Not verified. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** A header that is a JSON object begins so. What does not is opaque, and only its issuer can read it. */
export const isJwt = (token: string): boolean => token.startsWith('eyJ')

/**
 * Header and claims of a JWT that nobody has verified yet. Throws a TokenError where it is malformed, or asks for what is never
 * done: to believe a key that it brings along or points to, to understand an extension, to decrypt.
 */
export function readJwt(token: string): Jwt {
  if (token.length > MAX_TOKEN_LENGTH)
    throw new TokenError(`The token is longer than ${MAX_TOKEN_LENGTH} characters; ask for one with fewer claims.`)
  const parts = token.split('.')
  if (parts.length === ENCRYPTED_PARTS) throw new TokenError('The token is encrypted; send one that is only signed.')
  const [header, claims] = parts.length === SIGNED_PARTS ? parts.slice(0, 2).map(parsePart) : []
  if (!header || !claims) throw new TokenError('The token is not a well-formed JWT.')
  for (const name of REFUSED) {
    if (Object.hasOwn(header, name)) throw new TokenError(`A token with ${name} in its header is not accepted.`)
  }
  const { alg, kid, typ } = header
  if (typeof alg !== 'string' || !isName(kid) || !isName(typ))
    throw new TokenError('The header of the token is malformed.')
  return { header: { alg, ...(kid === undefined ? {} : { kid }), ...(typ === undefined ? {} : { typ }) }, claims }
}

const SIGNED_PARTS = 3
const ENCRYPTED_PARTS = 5
/** Keys of whoever made the token; extensions that must be understood; what is of JWE, or nests another token. */
const REFUSED = ['crit', 'b64', 'jwk', 'jku', 'x5u', 'x5c', 'enc', 'zip', 'cty']

const isName = (value: unknown): value is string | undefined =>
  value === undefined || (typeof value === 'string' && value.length <= MAX_NAME_LENGTH)

const BASE64URL = /^[\w-]+$/

function parsePart(part: string): Readonly<Record<string, unknown>> | undefined {
  if (!BASE64URL.test(part)) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url'))
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return countNames(value) === countColons(text) ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

const STRING = /"(?:[^"\\]|\\.)*"/g

/** Outside of strings, there is one colon for each name; of a name that is there twice, the parser has kept one. */
const countColons = (json: string) => json.replaceAll(STRING, '').split(':').length - 1

function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce((sum: number, child) => sum + countNames(child), own)
}
