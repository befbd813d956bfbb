import { Problem } from 'ebb/contract'
import type { Caller } from 'ebb/http/gateway'
import { type ApiKey, isWellFormed } from '../../src/data/api-keys.ts'

const KNOWN_MS = 30_000
/** Short: a key that is made a moment later must be good then. */
const UNKNOWN_MS = 2_000
const MAX_KEYS = 10_000

/** `isKnown` says that the token was good when it was last looked up. */
type FindKey = (token: string, options: { readonly isKnown: boolean }) => Promise<ApiKey | undefined>

/**
 * Remembers whose key a token is, for 30 s at most; `clear` forgets all at once. However many ask for the same one, it
 * is looked up once. While nobody can look, what is remembered serves on, and anything else is a Problem 503.
 */
export function createKeyCache(look: FindKey, { now = Date.now }: { readonly now?: () => number } = {}) {
  const known = new Map<string, { readonly caller: Caller; readonly until: number }>()
  const unknown = new Map<string, number>()
  const looking = new Map<string, Promise<Caller | undefined>>()
  let generation = 0

  async function lookUp(token: string): Promise<Caller | undefined> {
    const began = generation
    const key = await look(token, { isKnown: known.has(token) }).catch((cause: unknown) => {
      if (cause instanceof Problem) throw cause
      const message = 'Keys cannot be checked just now.'
      throw new Problem('unavailable', 503, message, { cause, retryAfterSeconds: 2 })
    })
    // Handed to many requests: none may change it for the others.
    const caller = key && Object.freeze({ sub: key.subject, scopes: Object.freeze(key.scopes) })
    if (!caller) known.delete(token)
    // What was looked up before `clear` may be untrue since.
    if (began !== generation) return caller
    if (!caller) remember(unknown, token, now() + UNKNOWN_MS)
    else remember(known, token, { caller, until: Math.min(now() + KNOWN_MS, expiryOf(key)) })
    return caller
  }

  return {
    async find(token: string): Promise<Caller | undefined> {
      if (!isWellFormed(token)) return undefined
      const entry = known.get(token)
      if (entry && entry.until > now()) return entry.caller
      if ((unknown.get(token) ?? 0) > now()) return undefined
      const running = looking.get(token)
      if (running) return running
      const started = lookUp(token).finally(() => {
        if (looking.get(token) === started) looking.delete(token)
      })
      looking.set(token, started)
      return started
    },
    clear() {
      generation++
      // Whose keys they were stays known: a stranger's must not be looked up before theirs.
      for (const [token, entry] of known) known.set(token, { ...entry, until: 0 })
      unknown.clear()
      looking.clear()
    },
  }
}

const expiryOf = ({ expiresAt }: ApiKey) => (expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt))

/** Forgets the oldest beyond the bound. */
function remember<V>(entries: Map<string, V>, token: string, value: V) {
  entries.delete(token)
  entries.set(token, value)
  if (entries.size > MAX_KEYS) entries.delete(entries.keys().next().value ?? '')
}
