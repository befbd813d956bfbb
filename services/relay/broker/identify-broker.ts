import { Problem } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import { createKeySet, createTokenCache, createTokenVerifier, isJwt, TokenError } from 'ebb/protocol'
import { createDiscovery } from '../../../src/protocol/tokens/discover-issuer.ts'
import type { BrokerIdentity } from './broker-settings.ts'

export interface BrokerCheck {
  /** Resolves where the Authorization of a request is the broker's. Rejects with a Problem 503 where it is not. */
  check(authorization: string | undefined): Promise<void>
  close(): void
}

const LOG_INTERVAL_MS = 60_000

/**
 * Opens what verifies the OIDC tokens with which a broker brings events: by the keys that its issuer publishes, for this audience,
 * and of these subjects alone.
 */
export function openBrokerCheck(
  { issuer: settings, subjects }: BrokerIdentity,
  { log, now = Date.now }: { readonly log: Pick<Log, 'info' | 'warn' | 'error'>; readonly now?: () => number },
): BrokerCheck {
  const { fetchKeys } = createDiscovery(settings, { now })
  const { issuer, refreshSeconds } = settings
  const keys = createKeySet(fetchKeys, { issuer, refreshSeconds, onChange: () => cache.forgetRefusals(), log, now })
  const cache = createTokenCache(createTokenVerifier([{ settings, keys }], { now }), { now })
  void keys.refresh()
  let loggedAt = Number.NEGATIVE_INFINITY

  const verify = async (authorization = '') => {
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1] ?? ''
    if (!isJwt(token)) throw new TokenError('Send an OIDC token as Authorization: Bearer.')
    const { caller, jkt } = await cache.find(token)
    if (jkt !== undefined) throw new TokenError('The token is bound to a key.')
    if (!subjects.some((subject) => isOne(caller.sub, subject)))
      throw new TokenError(`The sub of the token, ${caller.sub}, is not one of EBB_BROKER_IDENTITY.`)
  }
  return {
    async check(authorization) {
      try {
        await verify(authorization)
      } catch (error) {
        if (!(error instanceof TokenError)) throw error
        if (now() - loggedAt >= LOG_INTERVAL_MS) {
          loggedAt = now()
          log.error({ err: error }, 'events are refused, since whoever brings them is not who EBB_BROKER_IDENTITY says')
        }
        throw refusal(error)
      }
    },
    close: () => keys.close(),
  }
}

const isOne = (sub: string, subject: string) =>
  subject.endsWith('*') ? sub.startsWith(subject.slice(0, -1)) : sub === subject

/**
 * Not 401: a broker takes that for its last word and drops the event, for good where it is about the dead-letter sink, too. It says
 * nothing about the event, and may be over in a minute: keys that rotate, clocks, a setting.
 */
const refusal = (cause: TokenError) =>
  new Problem('unavailable', 503, `Events are not taken from this sender: ${cause.message}`, {
    cause,
    retryAfterSeconds: 5,
    headers: { 'www-authenticate': `Bearer error="${cause.code}"` },
  })
