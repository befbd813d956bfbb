import { Problem } from 'ebb/contract'
import type { GatewayMetrics } from 'ebb/http/gateway'
import { type LiveValue, type Log, registerSecrets } from 'ebb/kernel'
import { createVerifiedToken, type IssuerSettings, TokenError, type VerifiedToken } from 'ebb/protocol'
import { fetchJson } from '../../../src/protocol/tokens/fetch-json.ts'
import { createBulkhead } from '../invocation-store.ts'

/** Questions to the issuer at a time, of tokens that were good before and of others: a flood of those holds up no caller. */
const SLOTS = { maxRunning: 10, maxWaiting: 100 }
const WAIT_MS = 5_000
/** As RFC 6750, 2.1 writes a token. Anything else is not worth a question. */
const TOKEN = /^[\w.~+/-]{8,4096}=*$/

export interface IntrospectionOptions extends Pick<GatewayMetrics, 'shed'> {
  /** Where the issuer answers, by its settings or its metadata. */
  readonly endpoint: () => Promise<string>
  /** The secret of the client that asks. */
  readonly secret: LiveValue<string | undefined>
  /** The prefixes of the subjects of other issuers. */
  readonly foreign: readonly string[]
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly now?: () => number
}

/**
 * Creates a function that asks the issuer about an opaque token (RFC 7662). What it says is good for `maxAgeSeconds`, and never
 * beyond the token's `exp`. Rejects with a TokenError where the token is not active or not for us, with a Problem 503 while the
 * issuer cannot be asked.
 */
export function createIntrospection(settings: IssuerSettings, options: IntrospectionOptions) {
  const { introspection, issuer, audience } = settings
  if (!introspection) return undefined
  const { endpoint, secret, foreign, shed, log, now = Date.now } = options
  const { clientId } = introspection
  const overflow = () => {
    shed('tokens')
    return unavailable()
  }
  const slots = { known: createBulkhead({ ...SLOTS, overflow }), other: createBulkhead({ ...SLOTS, overflow }) }
  let isAway = false

  async function ask(token: string): Promise<Readonly<Record<string, unknown>>> {
    try {
      const authorization = basicAuthorization(clientId, secret.current() ?? '')
      const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
      const body = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString()
      const { value } = await fetchJson(await endpoint(), { method: 'POST', headers, body })
      if (isAway) log.info({ issuer }, 'an issuer answers introspections again')
      isAway = false
      return Object(value)
    } catch (cause) {
      if (!isAway) log.warn({ err: cause, issuer }, 'an issuer does not answer introspections')
      isAway = true
      throw unavailable(cause)
    }
  }

  return async function introspect(token: string, { isKnown }: { readonly isKnown: boolean }): Promise<VerifiedToken> {
    if (!TOKEN.test(token)) throw new TokenError(UNKNOWN)
    const withSlot = isKnown ? slots.known : slots.other
    const claims = await withSlot(AbortSignal.timeout(WAIT_MS), () => ask(token)).catch((cause: unknown) => {
      throw cause instanceof Problem ? cause : unavailable(cause)
    })
    if (claims.active !== true || (claims.iss !== undefined && claims.iss !== issuer)) throw new TokenError(UNKNOWN)
    // Also keeps out refresh tokens, which are active as well, but meant for the issuer.
    if (![claims.aud].flat().some((aud) => audience.includes(aud as string)))
      throw new TokenError('The token is for another audience.')
    const at = now()
    const verified = createVerifiedToken(claims, settings, { foreign, at })
    // The issuer's own clock has said that it is active: no tolerance.
    const expiresAt = typeof claims.exp === 'number' ? claims.exp * 1_000 : Number.POSITIVE_INFINITY
    return {
      ...verified,
      expiresAt: Math.min(expiresAt, at + introspection.maxAgeSeconds * 1_000),
      isGood: () => true,
    }
  }
}

const UNKNOWN = 'The token is not known to its issuer, or no longer active; get a new one.'

const unavailable = (cause?: unknown) =>
  new Problem('unavailable', 503, 'The issuer of this token cannot be asked about it; retry later.', {
    cause,
    retryAfterSeconds: 2,
  })

/** Both are form-encoded first (RFC 6749, 2.3.1). */
function basicAuthorization(id: string, secret: string): string {
  const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)
  const credentials = Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')
  registerSecrets(credentials)
  return `Basic ${credentials}`
}
