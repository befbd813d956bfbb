import { createHash, randomBytes } from 'node:crypto'
import { generateIdentityKeys } from '../../protocol/index.ts'
import { toYaml } from './manifest.ts'
import { FUNCTIONS_SECRET, OWNER_ROLE, PART_OF, PLATFORM_SECRET, ROLES } from './platform.ts'

/**
 * Generates the secrets of a new cluster with the bundled stores, as manifests for `kubectl create -f -`; they are kept nowhere
 * else. If the cluster already has them, kubectl refuses, and the cluster keeps its own.
 */
export async function clusterSecrets(): Promise<string> {
  const { gateway, relay, jwks } = await generateIdentityKeys()
  const passwords = { owner: randomToken(), gateway: randomToken(), relay: randomToken(), functions: randomToken() }
  const urlOf = (role: string, password: string) => `postgres://${role}:${password}@postgres:5432/ebb`
  const [ofGateway, ofRelay] = [urlOf(ROLES.gateway, passwords.gateway), urlOf(ROLES.relay, passwords.relay)]
  const redisPassword = randomToken()
  const platform = {
    DATABASE_URL: urlOf(ROLES.functions, passwords.functions),
    ...{ GATEWAY_DATABASE_URL: ofGateway, GATEWAY_DATABASE_DIRECT_URL: ofGateway },
    ...{ RELAY_DATABASE_URL: ofRelay, RELAY_DATABASE_DIRECT_URL: ofRelay },
    MIGRATION_DATABASE_URL: urlOf(OWNER_ROLE, passwords.owner),
    REDIS_URL: `redis://:${redisPassword}@redis:6379`,
    EBB_IDENTITY_KEY: JSON.stringify(gateway),
    RELAY_IDENTITY_KEY: JSON.stringify(relay),
    EBB_IDENTITY_JWKS: JSON.stringify(jwks),
    EBB_KEY_PEPPER: randomToken(),
    EBB_ADMIN_KEY: `ebb_admin_${randomToken()}`,
  }
  return secretsFile({
    [PLATFORM_SECRET]: platform,
    'ebb-postgres': {
      POSTGRES_PASSWORD: randomToken(),
      ...Object.fromEntries(
        Object.entries(passwords).map(([of, password]) => [`${of.toUpperCase()}_PASSWORD`, password]),
      ),
    },
    // Valkey only needs the hash of the password, and no client has to administer it.
    'ebb-redis': { 'users.acl': `user default on #${sha256(redisPassword)} ~* &* +@all -@admin\n` },
    [FUNCTIONS_SECRET]: {},
  })
}

/** Secrets as manifests, by name. They must never be written into the checkout. */
const secretsFile = (secrets: Readonly<Record<string, Readonly<Record<string, string>>>>): string =>
  Object.entries(secrets)
    .map(([name, stringData]) => ({
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
      metadata: { name, labels: { 'app.kubernetes.io/part-of': PART_OF } },
      stringData,
    }))
    .map(toYaml)
    .join('---\n')

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Needs no escaping in a URL. */
const randomToken = () => randomBytes(24).toString('base64url')
