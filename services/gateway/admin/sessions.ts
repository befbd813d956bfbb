import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { createBoundedMap } from 'ebb/kernel'

/** How long a login lasts, and how long a one-time key may wait for it. */
const SESSION_MS = 12 * 3_600_000
const MAX_KEYS = 100
const MAX_ENDED = 1_000

export type Sessions = ReturnType<typeof createSessions>

interface SessionsOptions {
  /** The admin keys that are good now: a cookie is signed with the first, and ends with the key that signed it. */
  readonly adminKeys: () => readonly (string | undefined)[]
  readonly now?: () => number
}

/**
 * Logs browsers in: a one-time key becomes a cookie that says until when it is good, and that whoever has the admin key could
 * have signed. So a gateway that starts again knows it, and remembers only the few that were logged out before their time.
 */
export function createSessions({ adminKeys, now = Date.now }: SessionsOptions) {
  const keys = createBoundedMap<string, number>(MAX_KEYS)
  const ended = createBoundedMap<string, number>(MAX_ENDED)

  const sign = (adminKey: string, content: string) =>
    createHmac('sha256', adminKey).update(`console session ${content}`).digest('base64url')

  /** When the session of this cookie ends; undefined where there is none. */
  function expiryOf(headers: IncomingHttpHeaders): number | undefined {
    const value = readCookie(headers)
    const [, content = '', expiry = '', signature = ''] = /^((\d{13})\.[\w-]{22})\.([\w-]{43})$/.exec(value ?? '') ?? []
    if (!content || Number(expiry) <= now() || ended.has(content)) return undefined
    const isOurs = adminKeys().map((key) => key !== undefined && isSame(sign(key, content), signature))
    return isOurs.includes(true) ? Number(expiry) : undefined
  }

  return {
    /** Makes a key that is good once. */
    createKey() {
      const key = randomBytes(32).toString('base64url')
      const expiresAt = now() + SESSION_MS
      keys.set(hash(key), expiresAt)
      return { key, expiresAt }
    },

    /** Takes a one-time key for a new session; undefined where it is none, or was taken before. */
    begin(key: string, headers: IncomingHttpHeaders) {
      const until = keys.get(hash(key))
      const [adminKey] = adminKeys()
      keys.delete(hash(key))
      if (until === undefined || until <= now() || adminKey === undefined) return undefined
      const expiresAt = now() + SESSION_MS
      const content = `${expiresAt}.${randomBytes(16).toString('base64url')}`
      const cookie = writeCookie(headers, `${content}.${sign(adminKey, content)}`, SESSION_MS / 1_000)
      return { expiresAt, cookie }
    },

    expiryOf,

    /** Ends the session of this cookie, and returns the cookie that takes its place. */
    end(headers: IncomingHttpHeaders): string {
      const expiresAt = expiryOf(headers)
      const content = readCookie(headers)?.split('.').slice(0, 2).join('.')
      if (expiresAt !== undefined && content !== undefined) ended.set(content, expiresAt)
      return writeCookie(headers, '', 0)
    },
  }
}

/** The cookies of one host are shared by all its ports, on which other projects may run. */
const cookieName = ({ host = '' }: IncomingHttpHeaders) => `ebb_console_${/:(\d+)$/.exec(host)?.[1] ?? ''}`

const readCookie = (headers: IncomingHttpHeaders): string | undefined =>
  headers.cookie
    ?.split(/; */)
    .find((cookie) => cookie.startsWith(`${cookieName(headers)}=`))
    ?.slice(cookieName(headers).length + 1)

const writeCookie = (headers: IncomingHttpHeaders, value: string, maxAgeSeconds: number) =>
  `${cookieName(headers)}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}`

/** Keys are remembered by what they cannot be made of again. */
const hash = (key: string) => createHash('sha256').update(key).digest('base64url')

const isSame = (a: string, b: string) => timingSafeEqual(Buffer.from(a), Buffer.from(b))
