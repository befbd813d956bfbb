import { randomBytes } from 'node:crypto'
import { APP_ROLE, FUNCTIONS_SECRET, PLATFORM_SECRET, secretsFile } from '../deploy/render/index.ts'
import { generateIdentityKeys } from '../kernel/index.ts'

/**
 * New secrets for a cluster with the bundled Postgres, as manifests to be piped into `kubectl create -f -`; they are kept
 * nowhere else. Where they are there already, kubectl refuses them, and the cluster keeps what it has.
 */
export async function clusterSecrets(): Promise<string> {
  const { gateway, relay, jwks } = await generateIdentityKeys()
  const [superuser, owner, app] = [random(), random(), random()]
  const urlOf = (role: string, password: string) => `postgres://${role}:${password}@postgres:5432/ebb`
  const platform = {
    DATABASE_URL: urlOf(APP_ROLE, app),
    DATABASE_DIRECT_URL: urlOf(APP_ROLE, app),
    MIGRATION_DATABASE_URL: urlOf('ebb_owner', owner),
    EBB_IDENTITY_KEY: JSON.stringify(gateway),
    RELAY_IDENTITY_KEY: JSON.stringify(relay),
    EBB_IDENTITY_JWKS: JSON.stringify(jwks),
    EBB_KEY_PEPPER: random(),
    EBB_ADMIN_KEY: `ebb_admin_${random()}`,
  }
  return secretsFile({
    [PLATFORM_SECRET]: platform,
    'ebb-postgres': { POSTGRES_PASSWORD: superuser, OWNER_PASSWORD: owner, APP_PASSWORD: app },
    [FUNCTIONS_SECRET]: {},
  })
}

/** Fits into a URL as it is. */
const random = () => randomBytes(24).toString('base64url')
