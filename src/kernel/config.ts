import { readFileSync } from 'node:fs'
import * as z from 'zod'

const port = z.coerce.number<string>().int().min(0).max(65_535)
const milliseconds = z.coerce.number<string>().int().positive()
const url = (...protocols: string[]) => z.url({ protocol: new RegExp(`^(${protocols.join('|')})$`) })
const isOrigin = (text: string) => {
  const exact = text.replace(/:\*$/, '')
  return text === '*' || (/^https?:[^*]+$/.test(exact) && URL.parse(exact)?.origin === exact)
}
const origins = z
  .string()
  .transform((text) => text.split(',').map((origin) => origin.trim()))
  .pipe(z.array(z.string().refine(isOrigin, 'must be * or as browsers send it, such as https://app.example')))
const json = z.string().transform((text, context) => {
  try {
    // Whoever uses the key checks what is in it.
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    context.addIssue({ code: 'custom', message: 'is no JSON' })
    return z.NEVER
  }
})

/** Every setting that any part of Ebb reads; each secret may stand in a file named by NAME_FILE instead. */
const Settings = z.object({
  PORT: port.default(8080),
  /** The public port's neighbour unless told; 0 is any free one. */
  EBB_ADMIN_PORT: port.optional(),
  EBB_HOST: z.string().default('0.0.0.0'),
  DATABASE_URL: url('postgres', 'postgresql').optional(),
  DATABASE_DIRECT_URL: url('postgres', 'postgresql').optional(),
  REDIS_URL: url('redis', 'rediss').optional(),
  /** How long the gateway waits for Redis before it limits by its own share. */
  EBB_RATE_LIMIT_TIMEOUT_MS: milliseconds.default(50),
  EBB_POOL_MAX: z.coerce.number<string>().int().min(1).max(1_000).default(10),
  EBB_HOME: z.string().optional(),
  EBB_CONTRACTS: z.string().optional(),
  /** Where a function answers; {name} and {namespace} are filled in. */
  EBB_UPSTREAM_TEMPLATE: z.string().includes('{name}').optional(),
  EBB_NAMESPACE: z.string().default('default'),
  EBB_FUNCTIONS_URL: url('http').optional(),
  EBB_IDENTITY_KEY: json.optional(),
  EBB_IDENTITY_JWKS: json.optional(),
  EBB_KEY_PEPPER: z.string().min(32).optional(),
  EBB_ADMIN_KEY: z.string().min(16).optional(),
  /** What a cold start may take before it counts as a failure. */
  EBB_START_TIMEOUT_MS: milliseconds.default(30_000),
  /** The gateways that share the traffic: where Redis is away, each allows this part of a limit. */
  EBB_GATEWAY_REPLICAS: z.coerce.number<string>().int().min(1).max(1_000).default(1),
  /** The origins whose pages may call: comma-separated, each as browsers send it; port `*` is any; `*` alone is everybody. */
  EBB_CORS_ORIGINS: origins.optional(),
  /** Filled in on /docs for whoever opens it: for a laptop, or a key that everybody may know. */
  EBB_DOCS_KEY: z.string().optional(),
  /** How long an instance without requests stays on the laptop. */
  EBB_IDLE_MS: milliseconds.default(30_000),
  /** Set by a parent that holds this process's stdin: its end is ours. */
  EBB_PARENT: z.literal('stdin').optional(),
  EBB_REVISION: z.string().default('dev'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  SMTP_URL: url('smtp', 'smtps').optional(),
  /** Where mail is written as files when there is no SMTP_URL. */
  EBB_MAIL_FOLDER: z.string().optional(),
})

export type Config = z.output<typeof Settings>
type Env = Readonly<Record<string, string | undefined>>

/** A setting that is wrong or missing: the message lists every fault, a line each. */
export class ConfigFault extends Error {
  override readonly name = 'ConfigFault'
}

/** Reads and checks the settings; all faults at once, as one ConfigFault. */
export function parseConfig(env: Env, { readFile = readText } = {}): Config {
  const { values, faults } = readAll(Object.keys(Settings.shape), env, readFile)
  const parsed = Settings.safeParse(values)
  for (const issue of parsed.error?.issues ?? []) faults.push(`${issue.path.join('.')}: ${issue.message}`)
  if (parsed.data && faults.length === 0) return parsed.data
  throw new ConfigFault(faults.join('\n'))
}

/** The values of a function's own secrets; all that are missing at once, as one ConfigFault. */
export function readSecrets(names: readonly string[], { env = process.env as Env, readFile = readText } = {}) {
  const { values, faults } = readAll(names, env, readFile)
  for (const name of names) if (!values[name]) faults.push(`${name}: a secret that is not set (or ${name}_FILE)`)
  if (faults.length > 0) throw new ConfigFault(faults.join('\n'))
  return values
}

/** Each name's value, from the environment or from the file that NAME_FILE names. */
function readAll(names: readonly string[], env: Env, readFile: (file: string) => string) {
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
export const processConfig = (): Config => parseConfig(process.env)

/** What of this process's environment its children may have: nothing else reaches them. */
export function inherited(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** The value of a setting that this part cannot do without. */
export function need<K extends keyof Config>(config: Config, name: K): NonNullable<Config[K]> {
  const value = config[name]
  if (value === undefined || value === null)
    throw new ConfigFault(`${name}: not set, and needed here (or ${name}_FILE)`)
  return value
}

const readText = (file: string) => readFileSync(file, 'utf8')
