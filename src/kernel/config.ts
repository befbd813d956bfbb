import { readFileSync } from 'node:fs'
import { ConfigError } from './config-error.ts'
import { registerSecrets } from './redact.ts'
import { type ConfigOf, SETTINGS, type Setting } from './settings.ts'

/** The settings of a process, parsed and typed. */
export type Config = ConfigOf<typeof SETTINGS>
type Env = Readonly<Record<string, string | undefined>>

/** Reads and checks the settings. Throws one ConfigError with all problems. */
export function parseConfig(env: Env, { readFile = readText } = {}): Config {
  const { values, problems } = readValues(Object.keys(SETTINGS), env, readFile)
  const config: Record<string, unknown> = {}
  for (const [name, [schema, defaultValue]] of Object.entries<Setting>(SETTINGS)) {
    const parsed = values[name] === undefined ? { data: defaultValue } : schema().safeParse(values[name])
    config[name] = parsed.data
    for (const issue of 'error' in parsed ? (parsed.error?.issues ?? []) : [])
      problems.push(`${name}: ${issue.message}`)
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  // Each value is what its own schema returned, or its default.
  return config as Config
}

/** The values of a function's own secrets. Throws one ConfigError that lists all that are missing. */
export function readSecrets(names: readonly string[], { env = process.env as Env, readFile = readText } = {}) {
  const { values, problems } = readValues(names, env, readFile)
  registerSecrets(...Object.values(values))
  for (const name of names) if (!values[name]) problems.push(`${name}: a secret that is not set (or ${name}_FILE)`)
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return values
}

/** Each name's value, from the environment or from the file that NAME_FILE names. */
function readValues(names: readonly string[], env: Env, readFile: (file: string) => string) {
  const values: Record<string, string> = {}
  const problems: string[] = []
  for (const name of names) {
    const file = env[`${name}_FILE`]
    try {
      const value = env[name] ?? (file ? readFile(file).trim() : undefined)
      if (value) values[name] = value
    } catch (cause) {
      problems.push(`${name}_FILE: ${cause instanceof Error ? cause.message : cause}`)
    }
  }
  return { values, problems }
}

/** The settings of this process: the one place that reads its environment. */
export function processConfig(): Config {
  const config = parseConfig(process.env)
  const { DATABASE_URL, DATABASE_DIRECT_URL, REDIS_URL, SMTP_URL, EBB_KEY_PEPPER, EBB_ADMIN_KEY } = config
  for (const url of [DATABASE_URL, DATABASE_DIRECT_URL, REDIS_URL, SMTP_URL]) registerSecrets(...passwordsIn(url))
  registerSecrets(EBB_KEY_PEPPER, EBB_ADMIN_KEY, String(config.EBB_IDENTITY_KEY?.d ?? ''))
  return config
}

/** The password as the URL has it, and decoded, as it is sent. */
function passwordsIn(url: string | undefined): readonly string[] {
  const password = URL.parse(url ?? '')?.password ?? ''
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}

/** These variables of this process's environment, for a child process, which gets no others. */
export function inheritedEnv(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** All variables of this process's environment whose names begin with `prefix`. */
export const inheritedEnvByPrefix = (prefix: string): Readonly<Record<string, string>> =>
  inheritedEnv(Object.keys(process.env).filter((name) => name.startsWith(prefix)))

/** Deletes all variables whose names begin with `prefix` from this process's environment: a library would read them. */
export function clearEnv(prefix: string): void {
  for (const name of Object.keys(process.env)) if (name.startsWith(prefix)) delete process.env[name]
}

/** The value of a setting that is required here. Throws a ConfigError where it is not set. */
export function requireSetting<K extends keyof Config>(config: Config, name: K): NonNullable<Config[K]> {
  const value = config[name]
  if (value === undefined || value === null)
    throw new ConfigError(`${name}: not set, and needed here (or ${name}_FILE)`)
  return value
}

const readText = (file: string) => readFileSync(file, 'utf8')
