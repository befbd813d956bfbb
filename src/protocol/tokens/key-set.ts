import {
  type CryptoKey,
  calculateJwkThumbprint,
  createLocalJWKSet,
  errors,
  type JWK,
  type JWTHeaderParameters,
} from 'jose'
import { Problem } from '../../contract/index.ts'
import { TokenError } from './token-error.ts'

/** The keys that an issuer publishes now. */
export interface PublishedKeys {
  readonly keys: readonly JWK[]
  /** For how long the issuer says that they are good; undefined where it does not. */
  readonly maxAgeSeconds?: number | undefined
}

/** A key of an issuer. What was verified with it is good as long as the key is. */
export interface VerificationKey {
  readonly key: CryptoKey
  readonly isGood: () => boolean
}

export interface KeySet {
  /** The key that a token names. Rejects with a TokenError where there is none, with a Problem 503 while that cannot be known. */
  readonly find: (header: JWTHeaderParameters) => Promise<VerificationKey>
  /** Fetches the keys in a request that begins now, and never rejects: its outcome is in `status`. */
  readonly refresh: () => Promise<void>
  readonly status: () => KeySetStatus
  readonly close: () => void
}

export interface KeySetStatus {
  readonly kids: readonly string[]
  readonly fetchedAt: string | undefined
  /** Why the last attempt failed, where it did. */
  readonly error: string | undefined
}

export interface KeySetOptions {
  readonly issuer: string
  /** Between two fetches; default: as the issuer says, 30 s to 10 min, or 5 min. */
  readonly refreshSeconds?: number | undefined
  /** Called after the keys have changed. */
  readonly onChange: () => void
  readonly log: {
    readonly info: (fields: object, text: string) => void
    readonly warn: (fields: object, text: string) => void
  }
  readonly now?: () => number
}

/** For how long keys are believed while their issuer does not answer. */
const KEEP_MS = 3_600_000
/** Between two fetches for keys that are not known: anybody can send a token with a made-up kid. */
const UNKNOWN_KID_MS = 30_000
const RETRY_MS = 2_000
const REFRESH_SECONDS = { min: 30, max: 600, default: 300 }
const MAX_KEYS = 100

interface KnownKey {
  /** jose's own choice of one key: by kid, type, algorithm, use and curve. */
  readonly choose: ReturnType<typeof createLocalJWKSet>
  readonly kid: string | undefined
  isPublished: boolean
}

/**
 * Keeps an issuer's keys: fetched once however many wait, again in intervals, and, at most every 30 s, when a token names one
 * that is not known. While the issuer does not answer, the last ones are good for an hour. A key that is no longer published
 * is good no more, and neither is what was verified with it.
 */
export function createKeySet(fetchKeys: () => Promise<PublishedKeys>, options: KeySetOptions): KeySet {
  const { issuer, refreshSeconds, onChange, log, now = Date.now } = options
  let known = new Map<string, KnownKey>()
  let fetchedAt = Number.NEGATIVE_INFINITY
  let failure: { readonly at: number; readonly error: unknown } | undefined
  let running: Promise<void> | undefined
  let unknownKid = { at: Number.NEGATIVE_INFINITY, fetched: Promise.resolve() }
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const isFresh = () => fetchedAt + KEEP_MS > now()

  async function load(): Promise<void> {
    let nextMs = RETRY_MS
    try {
      const { keys, maxAgeSeconds } = await fetchKeys()
      await replace(keys)
      nextMs = (refreshSeconds ?? clampAge(maxAgeSeconds)) * 1_000
      if (failure) log.info({ issuer }, 'the keys of an issuer are there again')
      failure = undefined
      fetchedAt = now()
    } catch (error) {
      if (!failure)
        log.warn({ err: error, issuer }, 'the keys of an issuer cannot be fetched; the last ones are good for an hour')
      failure = { at: now(), error }
    }
    running = undefined
    clearTimeout(timer)
    if (!closed) timer = setTimeout(() => void fetchOnce(), nextMs).unref()
  }

  async function replace(published: readonly JWK[]) {
    const next = new Map<string, KnownKey>()
    for (const jwk of published.slice(0, MAX_KEYS)) {
      const id = await identify(jwk)
      if (id === undefined) continue
      next.set(id, known.get(id) ?? { choose: createLocalJWKSet({ keys: [jwk] }), kid: jwk.kid, isPublished: true })
    }
    const before = known
    known = next
    for (const [id, key] of before) if (!next.has(id)) key.isPublished = false
    if (before.size !== next.size || [...next.keys()].some((id) => !before.has(id))) {
      log.info({ issuer, kids: [...next.values()].map(({ kid }) => kid) }, 'the keys of an issuer have changed')
      onChange()
    }
  }

  const fetchOnce = () => (running ??= load())
  const refresh = async () => {
    // What is being fetched now may have been read before whatever this call is about.
    await running
    await fetchOnce()
  }

  async function choose(header: JWTHeaderParameters): Promise<VerificationKey | undefined> {
    const chosen: VerificationKey[] = []
    for (const one of known.values()) {
      const key = await one.choose(header).catch(() => undefined)
      if (key) chosen.push({ key, isGood: () => one.isPublished && isFresh() })
    }
    if (chosen.length > 1) throw new TokenError('The token does not say by kid which key of its issuer signed it.')
    return chosen[0]
  }

  const unavailable = () =>
    new Problem('unavailable', 503, 'The keys of the issuer of this token cannot be fetched; retry later.', {
      cause: failure?.error,
      retryAfterSeconds: RETRY_MS / 1_000,
    })

  return {
    async find(header) {
      if (!isFresh()) {
        if (failure && now() - failure.at < RETRY_MS) throw unavailable()
        await fetchOnce()
        if (!isFresh()) throw unavailable()
      }
      const found = await choose(header)
      if (found) return found
      if (now() - unknownKid.at >= UNKNOWN_KID_MS) unknownKid = { at: now(), fetched: refresh() }
      await unknownKid.fetched
      const fetched = await choose(header)
      if (fetched) return fetched
      // The key may well be one that the issuer would publish if it answered.
      throw failure ? unavailable() : new TokenError('The token is signed with a key that its issuer does not publish.')
    },
    refresh,
    status: () => ({
      kids: [...known.values()].map(({ kid }) => kid ?? ''),
      fetchedAt: Number.isFinite(fetchedAt) ? new Date(fetchedAt).toISOString() : undefined,
      error: failure && String(failure.error instanceof Error ? failure.error.message : failure.error),
    }),
    close: () => {
      closed = true
      clearTimeout(timer)
    },
  }
}

const clampAge = (seconds: number = REFRESH_SECONDS.default) =>
  Math.min(Math.max(seconds, REFRESH_SECONDS.min), REFRESH_SECONDS.max)

/** The same for a key that is published unchanged; undefined for one that cannot be read, or is not public. */
async function identify(jwk: JWK): Promise<string | undefined> {
  try {
    if (jwk.d !== undefined || jwk.k !== undefined) throw new errors.JWKSInvalid()
    const { kid, alg, use, key_ops } = jwk
    return JSON.stringify([await calculateJwkThumbprint(jwk), kid, alg, use, key_ops])
  } catch {
    return undefined
  }
}
