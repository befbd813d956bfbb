import { randomBytes } from 'node:crypto'
import { FUNCTIONS_SECRET, OWNER_ROLE, PLATFORM_SECRET, ROLES, secretsFile } from '../deploy/render/index.ts'
import { generateIdentityKeys } from '../kernel/index.ts'

/**
 * New secrets for a cluster with the bundled Postgres, as manifests to be piped into `kubectl create -f -`; they are kept
 * nowhere else. Where they are there already, kubectl refuses them, and the cluster keeps what it has.
 */
export async function clusterSecrets(): Promise<string> {
  const { gateway, relay, jwks } = await generateIdentityKeys()
  const passwords = { owner: random(), gateway: random(), relay: random(), functions: random() }
  const urlOf = (role: string, password: string) => `postgres://${role}:${password}@postgres:5432/ebb`
  const [ofGateway, ofRelay] = [urlOf(ROLES.gateway, passwords.gateway), urlOf(ROLES.relay, passwords.relay)]
  const platform = {
    DATABASE_URL: urlOf(ROLES.functions, passwords.functions),
    ...{ GATEWAY_DATABASE_URL: ofGateway, GATEWAY_DATABASE_DIRECT_URL: ofGateway },
    ...{ RELAY_DATABASE_URL: ofRelay, RELAY_DATABASE_DIRECT_URL: ofRelay },
    MIGRATION_DATABASE_URL: urlOf(OWNER_ROLE, passwords.owner),
    EBB_IDENTITY_KEY: JSON.stringify(gateway),
    RELAY_IDENTITY_KEY: JSON.stringify(relay),
    EBB_IDENTITY_JWKS: JSON.stringify(jwks),
    EBB_KEY_PEPPER: random(),
    EBB_ADMIN_KEY: `ebb_admin_${random()}`,
  }
  return secretsFile({
    [PLATFORM_SECRET]: platform,
    'ebb-postgres': {
      POSTGRES_PASSWORD: random(),
      ...Object.fromEntries(
        Object.entries(passwords).map(([of, password]) => [`${of.toUpperCase()}_PASSWORD`, password]),
      ),
    },
    [FUNCTIONS_SECRET]: {},
  })
}

/** Fits into a URL as it is. */
const random = () => randomBytes(24).toString('base64url')
