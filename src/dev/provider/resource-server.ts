import type { ResourceServer } from 'oidc-provider'
import { AUDIENCE, type ProviderConfig } from './provider-config.ts'

type Grants = Pick<ProviderConfig, 'roles' | 'people'>

/** The scopes that a person's roles give. */
export const scopesOf = ({ roles, people }: Grants, person: string): readonly string[] => [
  ...new Set(people[person]?.roles.flatMap((role) => roles[role] ?? [])),
]

/** The scopes of all roles. */
export const allScopes = ({ roles }: Pick<Grants, 'roles'>): readonly string[] => [
  ...new Set(Object.values(roles).flat()),
]

/** The API, as what access tokens are for (RFC 8707, RFC 9068). */
export const toResourceServer = (config: Grants): ResourceServer => ({
  audience: AUDIENCE,
  scope: allScopes(config).join(' '),
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: 'ES256' } },
})
