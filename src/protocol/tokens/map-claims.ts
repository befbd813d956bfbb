import type { Identity } from '../identity/identity.ts'
import type { IssuerSettings } from './issuer-settings.ts'
import { TokenError } from './token-error.ts'

type Claims = Readonly<Record<string, unknown>>

const MAX_SUBJECT_LENGTH = 255
/** Scopes and roles are sent to the function with each request. */
const MAX_GRANTS_LENGTH = 8_192
const GRANT = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const MAX_PLAN_LENGTH = 100
const CONTROL = /\p{Cc}/u

/**
 * The caller that verified claims stand for, as the issuer's settings read them. Nobody may change it, since many requests
 * share it. `foreignPrefixes` are those of the other issuers. Throws a TokenError where the claims name nobody, somebody of
 * another issuer's, or a client that the settings do not list.
 */
export function mapClaims(
  claims: Claims,
  settings: IssuerSettings,
  foreignPrefixes: readonly string[],
): Omit<Identity, 'iss'> {
  const sub = subjectOf(claims, settings, foreignPrefixes)
  const client = clientOf(claims, settings)
  const roles = settings.claims.roles && grantsOf(claims, settings.claims.roles)
  const ofRoles = (roles ?? []).flatMap((role) => scopesOf(role, settings))
  const scopes = [...new Set([...grantsOf(claims, settings.claims.scopes), ...ofRoles])]
  const tenant = tenantOf(claims, settings)
  if ([...scopes, ...(roles ?? [])].join(' ').length > MAX_GRANTS_LENGTH)
    throw new TokenError(
      `Scopes and roles of the token have more than ${MAX_GRANTS_LENGTH} characters together; ask for fewer.`,
    )
  return Object.freeze({
    ...{ sub, scopes: Object.freeze(scopes) },
    ...(roles ? { roles: Object.freeze(roles) } : {}),
    ...(tenant === undefined ? {} : { tenant }),
    ...(client === undefined ? {} : { client }),
  })
}

function subjectOf({ sub }: Claims, { subjectPrefix }: IssuerSettings, foreignPrefixes: readonly string[]): string {
  if (typeof sub !== 'string' || sub === '') throw new TokenError('The token says in sub who calls; this one does not.')
  const subject = subjectPrefix + sub
  if (subject.length > MAX_SUBJECT_LENGTH || CONTROL.test(subject) || !subject.isWellFormed())
    throw new TokenError(`The sub of a token has at most ${MAX_SUBJECT_LENGTH} characters, and no control characters.`)
  // Who has not identified itself is called so.
  if (subject === 'anonymous') throw new TokenError('The sub of a token cannot be anonymous.')
  if (foreignPrefixes.some((prefix) => prefix !== '' && subject.startsWith(prefix)))
    throw new TokenError('The sub of the token is one of another issuer.')
  return subject
}

/** Of the names that a token has for its client, all have to be listed. */
function clientOf({ azp, client_id }: Claims, { clients }: IssuerSettings): string | undefined {
  const named = [azp, client_id].filter((name) => name !== undefined)
  if (!named.every((name) => typeof name === 'string'))
    throw new TokenError('The azp or client_id of the token is malformed.')
  if (clients && !(named.length > 0 && named.every((name) => clients.includes(name))))
    throw new TokenError('The token was issued to a client that may not call this API.')
  return named[0]
}

/** Texts, or one text with spaces between; none where the claim is not there. */
function grantsOf(claims: Claims, path: readonly string[]): string[] {
  const value = claimAt(claims, path)
  if (value === undefined || value === null) return []
  const grants: unknown = typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : value
  if (!Array.isArray(grants) || !grants.every((grant) => typeof grant === 'string' && GRANT.test(grant)))
    throw new TokenError(`The claim ${path.join('.')} must be a list of words, or a text with spaces between them.`)
  return [...new Set<string>(grants)]
}

const scopesOf = (role: string, { roleScopes }: IssuerSettings): readonly string[] =>
  Object.hasOwn(roleScopes, role) ? (roleScopes[role] ?? []) : []

function tenantOf(claims: Claims, settings: IssuerSettings): string | undefined {
  if (!settings.claims.tenant) return settings.tenant
  const tenant = claimAt(claims, settings.claims.tenant)
  if (tenant === undefined || tenant === null) return undefined
  if (typeof tenant === 'string' && TENANT.test(tenant)) return tenant
  throw new TokenError(
    `The claim ${settings.claims.tenant.join('.')} must name a tenant: at most 63 letters, digits, dots, hyphens and underscores.`,
  )
}

/** The plan that a token names. Which plans there are, the gateway knows when it applies it. */
export function planOf(claims: Claims, { claims: { plan: path } }: IssuerSettings): string | undefined {
  const plan = path && claimAt(claims, path)
  if (plan === undefined || plan === null) return undefined
  if (typeof plan === 'string' && plan !== '' && plan.length <= MAX_PLAN_LENGTH && !CONTROL.test(plan)) return plan
  throw new TokenError(`The claim ${path?.join('.')} must name a plan.`)
}

function claimAt(claims: Claims, path: readonly string[]): unknown {
  let value: unknown = claims
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Claims)[name]
  }
  return value
}
