import { type Config, inherited } from '../kernel/index.ts'
import type { Home } from './home.ts'
import type { Stores } from './stores.ts'

/** What every child may know of the runner's environment. */
const COMMON = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'LOG_LEVEL', 'NODE_EXTRA_CA_CERTS']

/** Whoever develops a web page runs it on this machine, on whatever port. */
const LOCAL_ORIGINS = ['http://localhost:*', 'http://127.0.0.1:*', 'http://[::1]:*']

export interface ChildEnv {
  /** Gateway and relay hold the private key. */
  readonly services: Readonly<Record<string, string>>
  /** A function holds the public set, and the secrets that its contract names. */
  function(secrets: readonly string[]): Readonly<Record<string, string>>
}

export function childEnv({ config, home, stores }: { config: Config; home: Home; stores: Stores }): ChildEnv {
  const { identity, pepper, adminKey } = stores.secrets
  const common = { ...inherited(COMMON), ...stores.urls }
  return {
    services: {
      ...common,
      EBB_HOST: '127.0.0.1',
      EBB_CONTRACTS: home.pointer,
      EBB_IDENTITY_KEY: JSON.stringify(identity.privateKey),
      EBB_KEY_PEPPER: pepper,
      EBB_ADMIN_KEY: adminKey,
      EBB_START_TIMEOUT_MS: String(config.EBB_START_TIMEOUT_MS),
      EBB_CORS_ORIGINS: (config.EBB_CORS_ORIGINS ?? LOCAL_ORIGINS).join(','),
    },
    function: (secrets) => ({
      ...common,
      ...inherited(secrets.flatMap((name) => [name, `${name}_FILE`])),
      EBB_POOL_MAX: '5',
      EBB_IDENTITY_JWKS: JSON.stringify(identity.jwks),
      EBB_MAIL_FOLDER: home.mail,
      ...(config.SMTP_URL ? { SMTP_URL: config.SMTP_URL } : {}),
    }),
  }
}
