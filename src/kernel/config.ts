import { createHash } from 'node:crypto'
import { ConfigError } from './config-error.ts'
import { fixedValue, type LiveValue, valueOfFile } from './live-value.ts'
import type { Log } from './log.ts'
import { type Env, isOptionalFile, readText, readValues, type SourceFiles } from './read-values.ts'
import { registerSecrets } from './redact.ts'
import { Secret } from './secret.ts'
import { type ConfigOf, type LiveSetting, SETTINGS, type Setting } from './settings.ts'

/** The settings of a process, parsed and typed. */
export type Config = ConfigOf<typeof SETTINGS>

/** The files of each config, for `liveSetting`. */
const filesOf = new WeakMap<object, SourceFiles>()
/** Where the settings of each config come from; those that are not there have their defaults. */
const sourcesOf = new WeakMap<object, ReadonlyMap<string, SettingSource>>()

/** `ebb`: what started the process in code has set it. */
export type SettingSource = 'default' | 'environment' | 'file' | 'ebb'

/** Reads and checks the settings. Throws one ConfigError with all problems. */
export function parseConfig(env: Env, { readFile = readText } = {}): Config {
  const { values, problems, files } = readValues(Object.keys(SETTINGS), env, readFile)
  const settings: Record<string, unknown> = {}
  for (const [name, [schema, defaultValue]] of Object.entries<Setting>(SETTINGS)) {
    const parsed = values[name] === undefined ? { data: defaultValue } : schema().safeParse(values[name])
    settings[name] = parsed.data
    for (const issue of 'error' in parsed ? (parsed.error?.issues ?? []) : [])
      problems.push(`${name}: ${issue.message}`)
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  // Each value is what its own schema returned, or its default.
  const config = settings as Config
  filesOf.set(config, files)
  sourcesOf.set(config, new Map(Object.keys(values).map((name) => [name, files.has(name) ? 'file' : 'environment'])))
  return config
}

/** The same settings with others over them; the rest still follows its files. */
export function overrideConfig(config: Config, settings: Partial<Config>): Config {
  const overridden = { ...config, ...settings }
  const files = [...(filesOf.get(config) ?? [])].filter(([name]) => !(name in settings))
  filesOf.set(overridden, new Map(files))
  const overrides = Object.keys(settings).map((name) => [name, 'ebb'] as const)
  sourcesOf.set(overridden, new Map([...(sourcesOf.get(config) ?? []), ...overrides]))
  return overridden
}

/**
 * A setting that follows its file (NAME_FILE) while the process runs: what cannot be used is logged, and changes nothing. One
 * that was not read from a file does not change.
 */
export function liveSetting<Name extends LiveSetting>(
  config: Pick<Config, Name>,
  name: Name,
  log: Pick<Log, 'info' | 'warn'>,
): LiveValue<Config[Name]> {
  const source = filesOf.get(config)?.get(name)
  if (!source) return fixedValue(config[name])
  source.live ??= valueOfFile({
    ...{ name, file: source.file, text: source.text, isOptional: isOptionalFile(name) },
    ...{ value: config[name], parse: (text) => parseSetting(name, text), log },
  })
  // It was made from this name's own value and schema.
  return source.live as LiveValue<Config[Name]>
}

function parseSetting<Name extends keyof Config>(name: Name, text: string): Config[Name] {
  const value = text.trim()
  const [schema, defaultValue] = SETTINGS[name]
  if (value === '' && isOptionalFile(name)) return defaultValue as Config[Name]
  const parsed = schema().safeParse(value)
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(({ message }) => message).join('; '))
  if (SECRET_SETTINGS.some((secret) => secret === name)) registerSecrets(...secretsIn(parsed.data))
  // It is what the setting's own schema returned.
  return parsed.data as Config[Name]
}

/**
 * A function's own secrets by name; each follows its file while the process runs. Throws one ConfigError that lists all that
 * are missing.
 */
export function readSecrets(
  names: readonly string[],
  log: Pick<Log, 'info' | 'warn'>,
  { env = process.env as Env, readFile = readText } = {},
): Readonly<Record<string, Secret>> {
  const { values, problems, files } = readValues(names, env, readFile)
  registerSecrets(...Object.values(values))
  for (const name of names) if (!values[name]) problems.push(`${name}: a secret that is not set (or ${name}_FILE)`)
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  const parse = (text: string) => {
    const value = text.trim()
    if (value === '') throw new ConfigError('it is empty')
    registerSecrets(value)
    return value
  }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const source = files.get(name)
      if (!source) return [name, new Secret(value)]
      const live = valueOfFile({ name, ...source, value, parse, log })
      return [name, new Secret(live.current)]
    }),
  )
}

/** The settings of this process: the one place that reads its environment. */
export function processConfig(): Config {
  const config = parseConfig(process.env)
  for (const name of SECRET_SETTINGS) registerSecrets(...secretsIn(config[name]))
  return config
}

const SECRET_SETTINGS = [
  ...(['DATABASE_URL', 'DATABASE_DIRECT_URL', 'REDIS_URL', 'SMTP_URL', 'EBB_IDENTITY_KEY'] as const),
  ...(['EBB_KEY_PEPPER', 'EBB_KEY_PEPPER_PREVIOUS', 'EBB_ADMIN_KEY', 'EBB_ADMIN_KEY_PREVIOUS'] as const),
  ...(['EBB_INTROSPECTION_SECRET', 'EBB_CALLBACK_SECRET', 'EBB_CALLBACK_SECRET_PREVIOUS'] as const),
  ...(['EBB_WEBHOOK_KEY', 'EBB_WEBHOOK_KEY_PREVIOUS'] as const),
  ...(['EBB_BROKER_TOKEN', 'EBB_BROKER_HEADERS'] as const),
  ...(['EBB_OBJECTS_URL', 'EBB_CDN_PURGE_TOKEN', 'EBB_TLS_KEY', 'EBB_DOCS_KEY', 'EBB_CONSOLE_CLIENT_SECRET'] as const),
] as const

/**
 * A few bits of each secret that is set, by its setting: others show that it was replaced. Of a secret they tell one in 65,536
 * apart, which is too little to find it by.
 */
export function secretFingerprints(config: Config): ReadonlyMap<string, string> {
  const found = SECRET_SETTINGS.map((name) => {
    const live = filesOf.get(config)?.get(name)?.live
    return [name, secretsIn(live ? live.current() : config[name]).filter(Boolean)] as const
  })
  return new Map(
    found
      .filter(([, secrets]) => secrets.length > 0)
      .map(([name, secrets]) => [
        name,
        createHash('sha256').update(JSON.stringify(secrets)).digest('hex').slice(0, FINGERPRINT_DIGITS),
      ]),
  )
}
const FINGERPRINT_DIGITS = 4

/** What is secret in the value of such a setting: the password of a URL, the private part of a JWK, all headers, else all of it. */
function secretsIn(value: unknown): readonly (string | undefined)[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, part]) => ('kty' in value && name !== 'd' ? [] : [String(part)]))
  const text = String(value ?? '')
  return URL.canParse(text) ? passwordsIn(text) : [text]
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

/** Where a setting's value comes from. */
export const sourceOf = (config: Config, name: keyof Config): SettingSource =>
  sourcesOf.get(config)?.get(name) ?? 'default'

/** Whether a setting is, or may hold, what nobody may see. */
export const isSecretSetting = (name: string): boolean => SECRET_SETTINGS.some((secret) => secret === name)

/** The value of a setting that is required here. Throws a ConfigError where it is not set. */
export function requireSetting<K extends keyof Config>(config: Config, name: K): NonNullable<Config[K]> {
  const value = config[name]
  if (value === undefined || value === null)
    throw new ConfigError(`${name}: not set, and needed here (or ${name}_FILE)`)
  return value
}
