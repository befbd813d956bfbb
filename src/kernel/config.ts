import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { registerSecrets } from './redact.ts'
import { type ConfigOf, type Setting, TELEMETRY_SETTINGS } from './settings.ts'

const port = () => z.coerce.number<string>().int().min(0).max(65_535)
const milliseconds = () => z.coerce.number<string>().int().positive()
const count = (most: number) => () => z.coerce.number<string>().int().min(1).max(most)
const text =
  (least = 1) =>
  () =>
    z.string().min(least)
const url =
  (...protocols: string[]) =>
  () =>
    z.url({ protocol: new RegExp(`^(${protocols.join('|')})$`) })
const oneOf =
  <const Words extends readonly string[]>(...words: Words) =>
  () =>
    z.enum(words)
const isOrigin = (given: string) => {
  const exact = given.replace(/:\*$/, '')
  return given === '*' || (/^https?:[^*]+$/.test(exact) && URL.parse(exact)?.origin === exact)
}
const list = () => z.string().transform((given) => given.split(',').map((one) => one.trim()))
const origins = () =>
  list().pipe(z.array(z.string().refine(isOrigin, 'must be * or as browsers send it, such as https://app.example')))
const json = () =>
  z.string().transform((given, context) => {
    try {
      // Whoever uses the key checks what is in it.
      return JSON.parse(given) as Readonly<Record<string, unknown>>
    } catch {
      context.addIssue({ code: 'custom', message: 'is no JSON' })
      return z.NEVER
    }
  })

const upstreamTemplate = () =>
  z
    .string()
    .includes('{name}')
    .refine(
      (template) => /^https?:/.test(template) && URL.canParse(template.replaceAll(/[{}]/g, '')),
      'must make an http or https URL, such as http://{name}.{namespace}.svc',
    )

/**
 * Every setting that any part of Ebb reads: its schema, and its value where it is not set. Each may stand in a file
 * named by NAME_FILE instead. Schemas are made of what is set only, since a function's start waits for them.
 */
const SETTINGS = {
  PORT: [port, 8080],
  /** The gateway's is the public port's neighbour unless told, and the relay has none then; 0 is any free one. */
  EBB_ADMIN_PORT: [port, undefined],
  /** All addresses unless told; a name or an address here costs a start some milliseconds. */
  EBB_HOST: [text(), undefined],
  DATABASE_URL: [url('postgres', 'postgresql'), undefined],
  DATABASE_DIRECT_URL: [url('postgres', 'postgresql'), undefined],
  /** The roles that gateway, relay and functions log in as, to whom whoever migrates grants what each of them does. */
  EBB_GATEWAY_ROLE: [text(), undefined],
  EBB_RELAY_ROLE: [text(), undefined],
  EBB_FUNCTIONS_ROLE: [text(), undefined],
  /** One role of them all, which may do everything but change tables: as it was before they had their own. */
  EBB_DATABASE_ROLE: [text(), undefined],
  REDIS_URL: [url('redis', 'rediss'), undefined],
  /** How long the gateway waits for Redis before it limits by its own share. */
  EBB_RATE_LIMIT_TIMEOUT_MS: [milliseconds, 50],
  EBB_POOL_MAX: [count(1_000), 10],
  /** The requests that a function takes at a time where no platform before it counts them; others wait their turn. */
  EBB_MAX_CONCURRENCY: [count(1_000), undefined],
  EBB_HOME: [text(), undefined],
  EBB_CONTRACTS: [text(), undefined],
  /** Where a function answers; {name} and {namespace} are filled in. */
  EBB_UPSTREAM_TEMPLATE: [upstreamTemplate, undefined],
  EBB_NAMESPACE: [text(), 'default'],
  EBB_FUNCTIONS_URL: [url('http'), undefined],
  EBB_IDENTITY_KEY: [json, undefined],
  EBB_IDENTITY_JWKS: [json, undefined],
  EBB_KEY_PEPPER: [text(32), undefined],
  EBB_ADMIN_KEY: [text(16), undefined],
  /** What a cold start may take before it counts as a failure. */
  EBB_START_TIMEOUT_MS: [milliseconds, 30_000],
  /** The proxies before the gateway that add to X-Forwarded-For and set X-Forwarded-Proto and -Host: what they say is true. */
  EBB_TRUSTED_HOPS: [() => z.coerce.number<string>().int().min(0).max(10), 0],
  /** Of all bodies that a gateway has taken in and not answered yet; beyond them, 503. */
  EBB_BODY_BUDGET_BYTES: [() => z.coerce.number<string>().int().min(1_048_576), 64 * 1_048_576],
  /** The connections that a gateway serves at a time; beyond them, 503. */
  EBB_MAX_CONNECTIONS: [count(1_000_000), 4_000],
  /** The gateways that share the traffic: where Redis is away, each allows this part of a limit. */
  EBB_GATEWAY_REPLICAS: [count(1_000), 1],
  /** The origins whose pages may call: comma-separated, each as browsers send it; port `*` is any; `*` alone is everybody. */
  EBB_CORS_ORIGINS: [origins, undefined],
  /** The names by which the gateway is called, comma-separated, beside its addresses and localhost; any where not set. */
  EBB_HOSTS: [() => list(), undefined],
  /** A 500 tells its cause: on a laptop, where whoever calls is who mends it. */
  EBB_SHOW_FAULTS: [oneOf('true', 'false'), 'false'],
  /** Filled in on /docs for whoever opens it: KEY, or NAME=KEY,… to choose from. For a laptop, or what everybody may know. */
  EBB_DOCS_KEY: [text(), undefined],
  /** For how long requests may still be sent to a process that was told to end: some seconds on a cluster. */
  EBB_DRAIN_MS: [() => z.coerce.number<string>().int().min(0).max(600_000), 0],
  /** What waits for a function is given up when no relay's contracts have had it for so long. */
  EBB_ABANDON_AFTER_MS: [milliseconds, 600_000],
  /** How long an instance without requests stays on the laptop. */
  EBB_IDLE_MS: [milliseconds, 30_000],
  /** Set by a parent that holds this process's stdin: its end is ours. */
  EBB_PARENT: [oneOf('stdin'), undefined],
  EBB_REVISION: [text(), 'dev'],
  LOG_LEVEL: [oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'), 'info'],
  SMTP_URL: [url('smtp', 'smtps'), undefined],
  /** Where mail is written as files when there is no SMTP_URL. */
  EBB_MAIL_FOLDER: [text(), undefined],
  ...TELEMETRY_SETTINGS,
} as const satisfies Readonly<Record<string, Setting>>

export type Config = ConfigOf<typeof SETTINGS>
type Env = Readonly<Record<string, string | undefined>>

/** A setting that is wrong or missing: the message lists every fault, a line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigFault'
}

/** Reads and checks the settings; all faults at once, as one ConfigFault. */
export function parseConfig(env: Env, { readFile = readText } = {}): Config {
  const { values, faults } = readValues(Object.keys(SETTINGS), env, readFile)
  const config: Record<string, unknown> = {}
  for (const [name, [schema, otherwise]] of Object.entries<Setting>(SETTINGS)) {
    const parsed = values[name] === undefined ? { data: otherwise } : schema().safeParse(values[name])
    config[name] = parsed.data
    for (const issue of 'error' in parsed ? (parsed.error?.issues ?? []) : []) faults.push(`${name}: ${issue.message}`)
  }
  if (faults.length > 0) throw new ConfigError(faults.join('\n'))
  // Each value is what its own schema made of it, or what stands for it.
  return config as Config
}

/** The values of a function's own secrets; all that are missing at once, as one ConfigFault. */
export function readSecrets(names: readonly string[], { env = process.env as Env, readFile = readText } = {}) {
  const { values, faults } = readValues(names, env, readFile)
  registerSecrets(...Object.values(values))
  for (const name of names) if (!values[name]) faults.push(`${name}: a secret that is not set (or ${name}_FILE)`)
  if (faults.length > 0) throw new ConfigError(faults.join('\n'))
  return values
}

/** Each name's value, from the environment or from the file that NAME_FILE names. */
function readValues(names: readonly string[], env: Env, readFile: (file: string) => string) {
  const values: Record<string, string> = {}
  const faults: string[] = []
  for (const name of names) {
    const file = env[`${name}_FILE`]
    try {
      const value = env[name] ?? (file ? readFile(file).trim() : undefined)
      if (value) values[name] = value
    } catch (cause) {
      faults.push(`${name}_FILE: ${cause instanceof Error ? cause.message : cause}`)
    }
  }
  return { values, faults }
}

/** The settings of this process: the one place that reads its environment. */
export function processConfig(): Config {
  const config = parseConfig(process.env)
  const { DATABASE_URL, DATABASE_DIRECT_URL, REDIS_URL, SMTP_URL, EBB_KEY_PEPPER, EBB_ADMIN_KEY } = config
  for (const url of [DATABASE_URL, DATABASE_DIRECT_URL, REDIS_URL, SMTP_URL]) registerSecrets(...passwordsIn(url))
  registerSecrets(EBB_KEY_PEPPER, EBB_ADMIN_KEY, String(config.EBB_IDENTITY_KEY?.d ?? ''))
  return config
}

/** As it stands there, and as it is sent. */
function passwordsIn(url: string | undefined): readonly string[] {
  const password = URL.parse(url ?? '')?.password ?? ''
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}

/** What of this process's environment its children may have: nothing else reaches them. */
export function inheritedEnv(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** All of this process's environment whose names begin so. */
export const inheritedEnvByPrefix = (prefix: string): Readonly<Record<string, string>> =>
  inheritedEnv(Object.keys(process.env).filter((name) => name.startsWith(prefix)))

/** Takes all variables whose names begin so out of this process's environment, for libraries that would read them. */
export function clearEnv(prefix: string): void {
  for (const name of Object.keys(process.env)) if (name.startsWith(prefix)) delete process.env[name]
}

/** The value of a setting that this part cannot do without. */
export function requireSetting<K extends keyof Config>(config: Config, name: K): NonNullable<Config[K]> {
  const value = config[name]
  if (value === undefined || value === null)
    throw new ConfigError(`${name}: not set, and needed here (or ${name}_FILE)`)
  return value
}

const readText = (file: string) => readFileSync(file, 'utf8')
