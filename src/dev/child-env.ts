import { createHmac } from 'node:crypto'
import type { Route } from '../contract/index.ts'
import { type Config, inheritedEnv } from '../kernel/index.ts'
import type { IdentityKeys } from '../protocol/index.ts'
import type { DataDir } from './data-dir.ts'
import type { Stores } from './stores.ts'

/** The variables that every child inherits from the runner. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'LOG_LEVEL', 'NODE_EXTRA_CA_CERTS']

/** What callbacks are made with; of both, since the gateway accepts their addresses. */
const CALLBACK_SETTINGS = [
  ...['EBB_CALLBACK_SECRET', 'EBB_CALLBACK_SECRET_FILE', 'EBB_CALLBACK_SECRET_PREVIOUS'],
  ...['EBB_KEEP_CALLS_HOURS', 'EBB_GUARDED_ALSO'],
]

/** What webhooks are bounded by; of both. */
const WEBHOOK_SETTINGS = [
  ...['EBB_WEBHOOKS_PER_CALLER', 'EBB_WEBHOOK_TIMEOUT_MS', 'EBB_WEBHOOK_DISABLE_HOURS', 'EBB_KEEP_WEBHOOKS_DAYS'],
]

/** What the relay hands events over by, and takes them back. */
const BROKER_SETTINGS = [
  ...['EBB_BROKER_URL', 'EBB_BROKER_TOKEN', 'EBB_BROKER_TOKEN_FILE', 'EBB_BROKER_HEADERS', 'EBB_BROKER_HEADERS_FILE'],
  ...['EBB_BROKER_IDENTITY', 'EBB_BROKER_IDENTITY_FILE', 'EBB_BROKER_PORT', 'EBB_BROKER_DRAIN'],
]

/** Long enough for a contract that is broken for a moment while it is edited. */
const ABANDON_AFTER_MS = 30_000

/** No web page can make its own host name one of these (DNS rebinding); further names are listed in EBB_HOSTS. */
const LOCAL_HOSTS = ['localhost']

/** A web page under development runs on this machine, on any port. */
const LOCAL_ORIGINS = ['http://localhost:*', 'http://127.0.0.1:*', 'http://[::1]:*']

/** The environments of the processes that `ebb dev` starts. */
export interface ChildEnv {
  /** Gateway and relay each hold a private key. */
  service(part: 'gateway' | 'relay'): Readonly<Record<string, string>>
  /** A function holds the public key set, and the secrets that its contract names; where it calls others, it knows where they are. */
  function(described: {
    readonly secrets: readonly string[]
    readonly calls?: object
  }): Readonly<Record<string, string>>
}

interface ChildEnvOptions {
  readonly config: Config
  readonly dataDir: DataDir
  readonly stores: Stores
  /** Where functions are, by `{name}`; known when the first one starts. */
  readonly upstreams: () => string
  /** Where spans go. */
  readonly telemetry: Readonly<Record<string, string>>
}

/** Builds the environment of each process that `ebb dev` starts: its own settings, and no others. */
export function childEnv({ config, dataDir, stores, upstreams, telemetry }: ChildEnvOptions): ChildEnv {
  const { identity, pepper, adminKey, keys } = stores.secrets
  const docsKey =
    config.EBB_DOCS_KEY ??
    Object.entries(keys)
      .map(([role, key]) => `${role}=${key}`)
      .join(',')
  return {
    service: (part) => ({
      ...inheritedEnv([...INHERITED, 'NODE_COMPILE_CACHE']),
      // The runner reads their log lines.
      LOG_LEVEL: 'info',
      ...telemetry,
      ...stores.urls[part],
      EBB_HOST: '127.0.0.1',
      EBB_CONTRACTS: dataDir.pointer,
      EBB_IDENTITY_KEY: JSON.stringify(identity[part]),
      EBB_KEY_PEPPER: pepper,
      EBB_ADMIN_KEY: adminKey,
      // The user of this machine has these keys anyway.
      ...(docsKey ? { EBB_DOCS_KEY: docsKey } : {}),
      EBB_START_TIMEOUT_MS: String(config.EBB_START_TIMEOUT_MS),
      // There is only one relay, and it knows each function as soon as its files exist.
      EBB_ABANDON_AFTER_MS: String(ABANDON_AFTER_MS),
      EBB_HOSTS: (config.EBB_HOSTS ?? LOCAL_HOSTS).join(','),
      ...inheritedEnv(part === 'gateway' ? ['EBB_UPSTREAMS', 'EBB_UPSTREAMS_FILE'] : BROKER_SETTINGS),
      ...inheritedEnv(CALLBACK_SETTINGS),
      ...inheritedEnv(WEBHOOK_SETTINGS),
      EBB_WEBHOOK_KEY: createHmac('sha256', pepper).update('webhooks').digest('base64url'),
      EBB_CORS_ORIGINS: (config.EBB_CORS_ORIGINS ?? LOCAL_ORIGINS).join(','),
    }),
    function: ({ secrets, calls }) => ({
      ...functionEnv(secrets, {
        config,
        mail: dataDir.mail,
        urls: stores.urls.functions,
        jwks: identity.jwks,
        telemetry,
      }),
      ...(calls ? { EBB_UPSTREAM_TEMPLATE: upstreams() } : {}),
    }),
  }
}

/** What the gateway checks webhooks by: the secrets that the contracts name in `signedBy`. */
export const signingEnv = (routes: readonly Pick<Route, 'webhook'>[]): Readonly<Record<string, string>> =>
  inheritedEnv(routes.flatMap(({ webhook }) => webhook?.signedBy ?? []).flatMap((name) => [name, `${name}_FILE`]))

interface FunctionEnvOptions {
  readonly config: Config
  /** The folder that mail is written to. */
  readonly mail: string
  /** The addresses of the stores, by setting name. */
  readonly urls: Readonly<Record<string, string>>
  /** The public keys that verify callers. */
  readonly jwks: IdentityKeys['jwks']
  /** Where spans go. */
  readonly telemetry: Readonly<Record<string, string>>
}

/** The environment of a function on this machine: its stores, and the secrets that its contract names. */
export const functionEnv = (
  secrets: readonly string[],
  { config, mail, urls, jwks, telemetry }: FunctionEnvOptions,
) => ({
  ...inheritedEnv(INHERITED),
  ...telemetry,
  ...urls,
  ...inheritedEnv(secrets.flatMap((name) => [name, `${name}_FILE`])),
  ...inheritedEnv(['EBB_OPA_URL', 'EBB_OPA_TIMEOUT_MS', 'DATABASE_READ_MAX_LAG_MS']),
  EBB_POOL_MAX: '5',
  EBB_SHOW_FAULTS: 'true',
  EBB_PROFILES: 'true',
  EBB_IDENTITY_JWKS: JSON.stringify(jwks),
  EBB_MAIL_FOLDER: mail,
  ...(config.SMTP_URL ? { SMTP_URL: config.SMTP_URL } : {}),
  ...(config.EBB_GUARDED_ALSO ? { EBB_GUARDED_ALSO: config.EBB_GUARDED_ALSO.join(',') } : {}),
})
