import type { Authenticated, Authenticators, GatewayMetrics, PresentedToken } from 'ebb/http/gateway'
import { type Config, ConfigError, type Log, liveSetting } from 'ebb/kernel'
import {
  createKeySet,
  createTokenCache,
  createTokenVerifier,
  type IssuerSettings,
  isJwt,
  type KeySetStatus,
  parseIssuers,
  TokenError,
  type VerifiedToken,
  verifyProof,
} from 'ebb/protocol'
import { createDiscovery } from '../../../src/protocol/tokens/discover-issuer.ts'
import { createIntrospection } from './introspect.ts'
import { openUsedProofs } from './used-proofs.ts'

/** Its notifications make every gateway fetch the keys of all issuers. */
export const ISSUERS_CHANNEL = 'ebb_issuers'

export interface Tokens {
  /** Undefined where no issuer is set. */
  readonly authenticate: Authenticators['token']
  readonly issuers: readonly string[]
  /** Fetches the keys of all issuers now: what is published no more is refused when this has resolved. */
  readonly refresh: () => Promise<void>
  readonly status: () => readonly IssuerStatus[]
  readonly close: () => void
}

export interface IssuerStatus extends KeySetStatus {
  readonly issuer: string
}

export interface TokensOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly now?: () => number
}

/**
 * Opens what checks the access tokens of EBB_ISSUERS. The issuers may become available later; keys are fetched in the
 * background. Throws a ConfigError where the settings do not fit.
 */
export function openTokens(
  config: Pick<Config, 'EBB_ISSUERS' | 'EBB_INTROSPECTION_SECRET' | 'REDIS_URL'>,
  { log, shed, now = Date.now }: TokensOptions,
): Tokens {
  if (config.EBB_ISSUERS === undefined) return NONE
  const all = parseIssuers(config.EBB_ISSUERS)
  if (all.some(({ introspection }) => introspection) && config.EBB_INTROSPECTION_SECRET === undefined)
    throw new ConfigError('EBB_INTROSPECTION_SECRET: not set, and an issuer of EBB_ISSUERS has introspection')
  const secret = liveSetting(config, 'EBB_INTROSPECTION_SECRET', log)
  const opened = all.map((settings) => {
    const discovery = createDiscovery(settings, { now })
    const { issuer, refreshSeconds } = settings
    const onChange = () => cache.forgetRefusals()
    const keys = createKeySet(discovery.fetchKeys, { issuer, refreshSeconds, onChange, log, now })
    const foreign = all.filter((one) => one !== settings).map(({ subjectPrefix }) => subjectPrefix)
    const endpoint = discovery.introspectionEndpoint
    const introspect = createIntrospection(settings, { endpoint, secret, foreign, shed, log, now })
    return { settings, keys, introspect }
  })
  const introspect = opened.find((one) => one.introspect)?.introspect
  const verifyJwt = createTokenVerifier(opened, { now })
  const verify = async (token: string): Promise<VerifiedToken> => {
    if (isJwt(token)) return verifyJwt(token)
    if (introspect) return introspect(token, { isKnown: cache.isKnown(token) })
    throw new TokenError('This is neither an API key nor a token of an issuer that is accepted here.')
  }
  const cache = createTokenCache(verify, { now })
  const proofs = openUsedProofs(config, { log, shed, now })
  for (const { keys } of opened) void keys.refresh()

  /** A token that is bound to a key is good with a proof of that key only, and a proof proves nothing of any other token. */
  async function check(presented: PresentedToken, verifying: VerifiedToken | Promise<VerifiedToken>) {
    const verified = await verifying
    const { token, scheme, method, url } = presented
    const { jkt } = verified
    if (scheme === 'bearer' && jkt !== undefined)
      throw new TokenError('The token is bound to a key; send it as Authorization: DPoP, with a proof of that key.')
    if (scheme === 'bearer') return toAuthenticated(verified)
    if (jkt === undefined) throw new TokenError('The token is not bound to a key; send it as Authorization: Bearer.')
    const [proof] = presented.proofs
    if (presented.proofs.length > 1) throw badProof('The header DPoP is given more than once.')
    const id = await verifyProof(proof, { token, jkt, method, url, now })
    if (!(await proofs.use(id))) throw badProof('The DPoP proof was used before; make one for each request.')
    return toAuthenticated(verified)
  }

  return {
    authenticate: (presented) => {
      const found = cache.find(presented.token)
      const isPlain = presented.scheme === 'bearer' && !(found instanceof Promise) && found.jkt === undefined
      return isPlain ? toAuthenticated(found) : check(presented, found)
    },
    issuers: all.map(({ issuer }: IssuerSettings) => issuer),
    refresh: async () => void (await Promise.all(opened.map(({ keys }) => keys.refresh()))),
    status: () => opened.map(({ settings, keys }) => ({ issuer: settings.issuer, ...keys.status() })),
    close: () => {
      for (const { keys } of opened) keys.close()
      proofs.close()
    },
  }
}

const NONE: Tokens = {
  ...{ authenticate: undefined, issuers: [], refresh: async () => {}, status: () => [], close: () => {} },
}

const badProof = (message: string) => new TokenError(message, { code: 'invalid_dpop_proof' })

const toAuthenticated = ({ caller, issuer, plan }: VerifiedToken): Authenticated => ({
  caller,
  credential: { kind: 'token', id: issuer },
  ...(plan === undefined ? {} : { plan }),
})
