import { createBoundedMap } from '../../kernel/bounded-map.ts'
import { TokenError } from './token-error.ts'
import type { VerifiedToken } from './verify-token.ts'

const MAX_GOOD = 10_000
/** Anybody can make these up. */
const MAX_REFUSED = 1_000
/** Short: whatever it was that made a token bad, such as a clock, may pass. */
const REFUSED_MS = 5_000

/**
 * Remembers what `verify` says of a token, by the token's whole text: a verified one while it is valid, which is checked at each
 * request, and a refusal for 5 s. Concurrent requests with the same token share one verification. What cannot be known now
 * (a Problem 503) is not remembered.
 */
export function createTokenCache(verify: (token: string) => Promise<VerifiedToken>, { now = Date.now } = {}) {
  const good = createBoundedMap<string, VerifiedToken>(MAX_GOOD)
  const refused = createBoundedMap<string, { readonly error: TokenError; readonly until: number }>(MAX_REFUSED)
  const running = new Map<string, Promise<VerifiedToken>>()
  let generation = 0

  async function look(token: string): Promise<VerifiedToken> {
    const startedIn = generation
    try {
      const verified = await verify(token)
      good.set(token, verified)
      return verified
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      good.delete(token)
      if (startedIn === generation) refused.set(token, { error, until: now() + REFUSED_MS })
      throw error
    }
  }

  return {
    find(token: string): VerifiedToken | Promise<VerifiedToken> {
      const at = now()
      const known = good.get(token)
      if (known && at >= known.notBefore && at < known.expiresAt && known.isGood()) return known
      const refusal = refused.get(token)
      if (refusal && refusal.until > at) throw refusal.error
      const other = running.get(token)
      if (other) return other
      const started = look(token).finally(() => running.delete(token))
      running.set(token, started)
      return started
    },
    /** Whether the token was valid when it was last looked at. */
    isKnown: (token: string) => good.has(token),
    /** To be called when keys have changed: what was refused may be good now. */
    forgetRefusals() {
      generation++
      refused.clear()
    },
  }
}
