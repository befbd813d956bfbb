import { describeEndpoint, type EndpointContract, findGatewayPart, Problem } from '../../contract/index.ts'
import { ConfigError, type Log } from '../../kernel/index.ts'
import {
  createKeySet,
  createTokenCache,
  createTokenVerifier,
  type Identity,
  isJwt,
  parseIssuers,
  TokenError,
  type VerifiedToken,
} from '../../protocol/index.ts'
import { createDiscovery } from '../../protocol/tokens/discover-issuer.ts'

/**
 * Says who calls, by the header `Authorization` of a request, or why that is refused; synchronously where its token was verified before.
 * Nothing is thrown: this is a lazy part, whose classes are not those of the function.
 */
export type IdentifyCaller = (authorization: string | undefined) => Identified | Promise<Identified>
type Identified = Identity | Refusal

/** What a Problem is made of. */
export interface Refusal {
  readonly code: string
  readonly status: number
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

const ANONYMOUS: Identity = Object.freeze({ iss: 'ebb:gateway', sub: 'anonymous', scopes: Object.freeze([]) })

/**
 * Opens what checks access tokens in the function itself, where no gateway stands in front of it: by the same settings, keys and
 * claims. Throws a ConfigError where the settings do not fit, and where the contract asks for what only a gateway has.
 */
export function openIssuers(
  contract: EndpointContract,
  issuers: unknown,
  log: Pick<Log, 'info' | 'warn'>,
): IdentifyCaller {
  const needed = findGatewayPart(describeEndpoint(contract))
  if (needed)
    throw new ConfigError(
      `EBB_ISSUERS: ${contract.name} says \`${needed}\`, which needs the gateway in front of it; leave the setting out here`,
    )
  const all = parseIssuers(issuers)
  if (all.some(({ introspection }) => introspection))
    throw new ConfigError(
      'EBB_ISSUERS: only the gateway asks an issuer about opaque tokens; leave `introspection` out here',
    )
  const trusted = all.map((settings) => {
    const { issuer, refreshSeconds } = settings
    const onChange = () => cache.forgetRefusals()
    return {
      settings,
      keys: createKeySet(createDiscovery(settings).fetchKeys, { issuer, refreshSeconds, log, onChange }),
    }
  })
  const verify = createTokenVerifier(trusted)
  const cache = createTokenCache(async (token) => {
    if (isJwt(token)) return verify(token)
    throw new TokenError('This is no token of an issuer that is accepted here.')
  })
  return function identify(authorization) {
    if (authorization === undefined && contract.access.anonymous) return ANONYMOUS
    const [, token] = /^bearer +(.+)$/i.exec(authorization ?? '') ?? []
    if (token === undefined) return unauthenticated('Send a valid access token as Authorization: Bearer.')
    try {
      const found = cache.find(token.trim())
      return found instanceof Promise ? found.then(toIdentity).catch(refusalOf) : toIdentity(found)
    } catch (error) {
      return refusalOf(error)
    }
  }
}

function toIdentity({ caller, jkt }: VerifiedToken): Identity {
  if (jkt === undefined) return { ...caller, iss: 'ebb:gateway' }
  throw new TokenError('The token is bound to a key, and only the gateway takes proofs of keys.')
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Problem) return error
  if (!(error instanceof TokenError)) throw error
  const { code, message } = error
  return unauthenticated(message, `Bearer error="${code}", error_description="${message.replaceAll(/["\\]/g, "'")}"`)
}

const unauthenticated = (message: string, challenge = 'Bearer'): Refusal => ({
  ...{ code: 'unauthenticated', status: 401, message, headers: { 'www-authenticate': challenge } },
})
