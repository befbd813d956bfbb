import { Problem } from 'ebb/contract'
import type { Authenticated } from 'ebb/http/gateway'
import { createBoundedMap } from 'ebb/kernel'
import { isWellFormed } from '../../src/data/keys/api-key-token.ts'
import type { ApiKey } from '../../src/data/keys/api-keys.ts'

const KNOWN_MS = 30_000
/** Short: a key that is made a moment later must work then. */
const UNKNOWN_MS = 2_000
const MAX_KEYS = 10_000

/** `isKnown` says that the token was valid when it was last looked up. */
type FindKey = (token: string, options: { readonly isKnown: boolean }) => Promise<ApiKey | undefined>

/**
 * Caches whose key a token is, for 30 s at most; `clear` expires all at once. Concurrent requests with the same token
 * share one lookup. While lookups fail, what is cached serves on, and anything else is a Problem 503.
 */
export function createKeyCache(findKey: FindKey, { now = Date.now }: { readonly now?: () => number } = {}) {
  const known = createBoundedMap<string, { readonly authenticated: Authenticated; readonly until: number }>(MAX_KEYS)
  const unknown = createBoundedMap<string, number>(MAX_KEYS)
  const running = new Map<string, Promise<Authenticated | undefined>>()
  let generation = 0

  async function lookUp(token: string): Promise<Authenticated | undefined> {
    const startedIn = generation
    const key = await findKey(token, { isKnown: known.has(token) }).catch((cause: unknown) => {
      if (cause instanceof Problem) throw cause
      const message = 'API keys cannot be checked; retry later.'
      throw new Problem('unavailable', 503, message, { cause, retryAfterSeconds: 2 })
    })
    const authenticated = key && toAuthenticated(key)
    if (!authenticated) known.delete(token)
    // What was looked up before `clear` may be outdated.
    if (startedIn !== generation) return authenticated
    if (!authenticated) unknown.set(token, now() + UNKNOWN_MS)
    else known.set(token, { authenticated, until: Math.min(now() + KNOWN_MS, expiryOf(key)) })
    return authenticated
  }

  return {
    find(token: string): Authenticated | undefined | Promise<Authenticated | undefined> {
      if (!isWellFormed(token)) return undefined
      const cached = known.get(token)
      if (cached && cached.until > now()) return cached.authenticated
      if ((unknown.get(token) ?? 0) > now()) return undefined
      const other = running.get(token)
      if (other) return other
      const started = lookUp(token).finally(() => {
        if (running.get(token) === started) running.delete(token)
      })
      running.set(token, started)
      return started
    },
    clear() {
      generation++
      // Which tokens were valid stays known: an unknown one must not be looked up before them.
      for (const [token, cached] of known) known.set(token, { ...cached, until: 0 })
      unknown.clear()
      running.clear()
    },
  }
}

/** Frozen, since many requests share it: none may change it for the others. */
const toAuthenticated = ({ id, subject, scopes, roles, tenant, plan }: ApiKey): Authenticated => {
  const caller = {
    ...{ sub: subject, scopes: Object.freeze(scopes) },
    ...(roles.length === 0 ? {} : { roles: Object.freeze(roles) }),
    ...(tenant === null ? {} : { tenant }),
  }
  const credential = Object.freeze({ kind: 'key', id } as const)
  return Object.freeze({ caller: Object.freeze(caller), credential, ...(plan === null ? {} : { plan }) })
}

const expiryOf = ({ expiresAt }: ApiKey) => (expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt))
