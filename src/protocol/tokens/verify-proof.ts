import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, type JWK, jwtVerify } from 'jose'
import { PROOF_ALGORITHMS } from './proof-algorithms.ts'
import { TokenError } from './token-error.ts'

const MAX_PROOF_LENGTH = 4_096
const MAX_JTI_LENGTH = 256
/** For how long after its `iat` a proof is accepted, and how much clocks may differ. */
const MAX_AGE_SECONDS = 60
const TOLERANCE_SECONDS = 30
/** For how long after it was accepted a proof must be remembered, so that it is not accepted again. */
export const PROOF_LIFETIME_MS = (MAX_AGE_SECONDS + 2 * TOLERANCE_SECONDS) * 1_000

export interface ProofOptions {
  /** The access token that comes with it, and the thumbprint of the key that the token is bound to. */
  readonly token: string
  readonly jkt: string
  readonly method: string
  /** As the caller asked for it. */
  readonly url: string
  readonly now?: () => number
}

/**
 * Checks a DPoP proof (RFC 9449, 4.3). Resolves to a name of this proof, by which a second use of it is found out. Rejects with
 * a TokenError.
 */
export async function verifyProof(proof: string | undefined, options: ProofOptions): Promise<string> {
  const { token, jkt, method, url, now = Date.now } = options
  if (proof === undefined) throw refusal('Send a proof of the key that the token is bound to in the header DPoP.')
  if (proof.length > MAX_PROOF_LENGTH) throw refusal(`The DPoP proof is longer than ${MAX_PROOF_LENGTH} characters.`)
  // First, since whoever has no such token cannot make us compute signatures.
  if ((await thumbprintOf(proof)) !== jkt) throw refusal('The DPoP proof is of another key than the token is bound to.')
  const { payload } = await jwtVerify(proof, EmbeddedJWK, {
    ...{ typ: 'dpop+jwt', algorithms: [...PROOF_ALGORITHMS], maxTokenAge: MAX_AGE_SECONDS },
    ...{ clockTolerance: TOLERANCE_SECONDS, currentDate: new Date(now()) },
  }).catch((cause: unknown) => {
    throw refusal('The DPoP proof is not valid, or not of now: make one for each request.', cause)
  })
  const { jti, htm, htu, ath } = payload
  if (htm !== method || !isSameAddress(htu, url)) throw refusal(`The DPoP proof is not for ${method} ${url}.`)
  if (ath !== createHash('sha256').update(token).digest('base64url'))
    throw refusal('The DPoP proof is not for this token: its ath is another one.')
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_LENGTH)
    throw refusal(`The DPoP proof needs a jti of at most ${MAX_JTI_LENGTH} characters.`)
  return createHash('sha256').update(`${jkt}\n${jti}`).digest('base64url')
}

async function thumbprintOf(proof: string): Promise<string | undefined> {
  try {
    const { jwk } = decodeProtectedHeader(proof) as { readonly jwk?: JWK & { readonly d?: unknown } }
    return jwk && jwk.d === undefined ? await calculateJwkThumbprint(jwk) : undefined
  } catch {
    return undefined
  }
}

/** Without query and fragment, and however scheme, host, default port and percent-encoding are written (RFC 9449, 4.3). */
function isSameAddress(htu: unknown, url: string): boolean {
  const [claimed, asked] = [URL.parse(String(htu)), URL.parse(url)]
  return claimed !== null && claimed.origin === asked?.origin && claimed.pathname === asked.pathname
}

const refusal = (message: string, cause?: unknown) => new TokenError(message, { code: 'invalid_dpop_proof', cause })
