import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, type JWK, jwtVerify } from 'jose'
import { createBoundedMap } from '../../kernel/bounded-map.ts'
import { type Config, liveSetting, requireSetting } from '../../kernel/config.ts'
import type { Log } from '../../kernel/log.ts'
import { type Identity, ISSUERS, type Issuer } from './identity.ts'

/** How much the clocks of signer and function may differ. */
const CLOCK_TOLERANCE_SECONDS = 60
const MAX_VERIFIED = 5_000

/**
 * Creates a function that verifies identities for `audience`. A public key with an `iss` of its own vouches for that issuer
 * only; one without, for both. A verified identity is remembered until it expires and is then returned at once. Rejects with
 * an error of jose where an identity is not valid.
 */
export function createIdentityVerifier(jwks: JSONWebKeySet, audience: string, { now = Date.now } = {}) {
  const keysOf = new Map(ISSUERS.map((iss) => [iss, createLocalJWKSet({ keys: jwks.keys.filter(vouchesFor(iss)) })]))
  const verified = createBoundedMap<string, { identity: Identity; until: number }>(MAX_VERIFIED)
  return function verify(token: string): Identity | Promise<Identity> {
    const known = verified.get(token)
    return known && known.until > now() ? known.identity : verifyToken(token)
  }

  async function verifyToken(token: string): Promise<Identity> {
    const at = now()
    const claimed = decodeJwt(token)
    const keys = keysOf.get(claimed.iss as Issuer)
    if (!keys) throw new errors.JWTClaimValidationFailed('no issuer of identities', claimed, 'iss', 'check_failed')
    const { payload } = await jwtVerify<Omit<Identity, 'sub'>>(token, keys, {
      ...{ algorithms: ['EdDSA'], audience, requiredClaims: ['exp', 'sub'] },
      ...{ clockTolerance: CLOCK_TOLERANCE_SECONDS, currentDate: new Date(at) },
    })
    const { sub = '', scopes, roles, tenant, client, act, via, iss, exp = 0, iat = 0 } = payload
    if (iat > at / 1_000 + CLOCK_TOLERANCE_SECONDS)
      throw new errors.JWTClaimValidationFailed('signed in the future', payload, 'iat', 'check_failed')
    const identity: Identity = Object.freeze({
      ...{ sub, scopes: Object.freeze(scopes), iss },
      ...(roles ? { roles: Object.freeze(roles) } : {}),
      ...(tenant ? { tenant } : {}),
      ...(client ? { client } : {}),
      ...(act ? { act } : {}),
      ...(via ? { via } : {}),
    })
    verified.set(token, { identity, until: (exp + CLOCK_TOLERANCE_SECONDS) * 1_000 })
    return identity
  }
}

/**
 * The verifier with the keys of `EBB_IDENTITY_JWKS`, as that is at the time: a key that is taken out of its file vouches for
 * nobody from then on. Throws a ConfigError where it is not set.
 */
export function openIdentityVerifier(config: Config, audience: string, log: Pick<Log, 'info' | 'warn'>) {
  // What is no key set is refused by jose.
  const create = (jwks: unknown) => createIdentityVerifier(jwks as JSONWebKeySet, audience)
  let verify = create(requireSetting(config, 'EBB_IDENTITY_JWKS'))
  liveSetting(config, 'EBB_IDENTITY_JWKS', log).onChange((jwks) => {
    verify = create(jwks)
  })
  return (token: string): Identity | Promise<Identity> => verify(token)
}

const vouchesFor =
  (issuer: Issuer) =>
  ({ iss }: JWK & { readonly iss?: unknown }) =>
    iss === undefined || iss === issuer

/** What a function responds where it refuses an identity: it says something about the signer, never about caller or event. */
export interface IdentityRefusal {
  readonly status: number
  /** Such as ERR_JWT_EXPIRED. */
  readonly reason: string | undefined
  /** The function's clock, as an HTTP-date. */
  readonly date: string | undefined
}

const SCHEME = 'Ebb-Identity'
const LOG_INTERVAL_MS = 60_000

/** The headers of such a response (RFC 9110, 11.6.1). */
export const identityRefusalHeaders = (reason?: string) => ({
  'www-authenticate': reason ? `${SCHEME} error="${reason}"` : SCHEME,
})

/** Undefined for any other response: a contract may declare failures of status 401 and 403 of its own. */
export function readIdentityRefusal(
  status: number,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): IdentityRefusal | undefined {
  if (status !== 401 && status !== 403) return undefined
  const challenge = headers['www-authenticate']?.toString()
  if (!challenge?.startsWith(SCHEME)) return undefined
  return { status, reason: /error="(\w+)"/.exec(challenge)?.[1], date: headers.date?.toString() }
}

/** The signature, where it was refused since the function does not know its key. */
export const withUnknownKey = ({ reason }: IdentityRefusal, token: string): string | undefined =>
  reason === 'ERR_JWKS_NO_MATCHING_KEY' ? token : undefined

interface RefusalLog {
  readonly error: (fields: object, text: string) => void
}

/** Creates a function that logs refusals, at most one per minute and function. */
export function createRefusalLog(log: RefusalLog, { now = Date.now } = {}) {
  const loggedAt = new Map<string, number>()
  return (name: string, refusal: IdentityRefusal): void => {
    const at = now()
    if (at - (loggedAt.get(name) ?? Number.NEGATIVE_INFINITY) < LOG_INTERVAL_MS) return
    loggedAt.set(name, at)
    const { date: functionDate, ...rest } = refusal
    log.error(
      { function: name, ...rest, functionDate, ourDate: new Date(at).toUTCString() },
      'a function refuses our Ebb-Identity: compare the clocks, and EBB_IDENTITY_KEY here with EBB_IDENTITY_JWKS there',
    )
  }
}
