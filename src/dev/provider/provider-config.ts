import { readFile, rename, writeFile } from 'node:fs/promises'
import * as z from 'zod'
import { ConfigError } from '../../kernel/index.ts'
import { isTenant } from '../../protocol/index.ts'

/** What access tokens of the provider are for: the API, whatever its address is. */
export const AUDIENCE = 'urn:ebb:api'

/** The file with what the provider is run with, in its folder of the data directory. */
export const PROVIDER_CONFIG = 'config.json'

/** The client of `ebb token`, and the grant by which it gets a token for a person without a login. */
export const COMMAND_CLIENT = 'ebb-command'
export const PERSON_GRANT = 'urn:ebb:grant:person'

const subject = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/, 'a name has letters, digits and . _ @ - only')
const tenant = z.string().refine(isTenant, 'a tenant has letters, digits and . _ - only')
const person = z.strictObject({
  name: z.string().min(1).max(100),
  email: z.email(),
  roles: z.array(z.string()),
  tenant: tenant.optional(),
})

/** Who may log in, by the subject of their tokens. */
export const peopleSchema = z.record(subject, person)
export type People = z.output<typeof peopleSchema>

const signingKey = z.strictObject({
  /** A private key for ES256. */
  jwk: z.looseObject({
    ...{ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string() },
    ...{ x: z.string(), y: z.string(), d: z.string() },
  }),
  /** When another one took its place; what it has signed stays valid. */
  retiredAt: z.iso.datetime().optional(),
})
export type SigningKey = z.output<typeof signingKey>

const configSchema = z.strictObject({
  /** Its address as browsers and gateways have it, without a path. */
  issuer: z
    .url({ protocol: /^https?$/ })
    .refine((url) => new URL(url).origin === url, 'must be an origin, without a path'),
  /** Scopes by role. */
  roles: z.record(z.string(), z.array(z.string()).readonly()),
  people: peopleSchema,
  /** The applications, by client id. `http://localhost:*` is any address at any port of that host. */
  clients: z.record(z.string(), z.strictObject({ redirectUris: z.array(z.string()).min(1) })),
  /** The first one signs; all of them are published. Default: one that is lost when the process ends. */
  keys: z.array(signingKey).min(1).optional(),
  /** What everybody logs in with. Default: no password, and a list to choose from. */
  password: z.string().min(8).optional(),
  /** The secret of `ebb token`, which gets a token for anybody. Default: nobody can. */
  commandSecret: z.string().min(32).optional(),
  /** What signs the cookies. Default: one that is lost when the process ends. */
  cookieSecret: z.string().min(32).optional(),
  /** The file that keeps logins over a restart. Default: they are lost. */
  store: z.string().optional(),
})

/** What the provider is run with: a file that only its user may read, since keys are in it. */
export type ProviderConfig = z.output<typeof configSchema>

/** Reads the file. Throws a ConfigError that says what is wrong with it. */
export async function readProviderConfig(file: string): Promise<ProviderConfig> {
  const parsed = configSchema.safeParse(await readJson(file))
  if (parsed.success) return parsed.data
  throw new ConfigError(
    parsed.error.issues.map(({ path, message }) => `${file}: ${path.join('.')}: ${message}`).join('\n'),
  )
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new ConfigError(`${file}: cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

const keptSchema = configSchema.pick({ keys: true, commandSecret: true, cookieSecret: true }).strip()

/** What of an earlier run stays: its keys, so that tokens outlive a restart, and its secrets. Nothing where there is none. */
export async function readKept(file: string): Promise<z.output<typeof keptSchema>> {
  const found = await readJson(file).catch(() => undefined)
  return keptSchema.safeParse(found).data ?? {}
}

/** Writes the file in one step, so that a running provider never reads half of it. */
export async function writeProviderConfig(file: string, config: ProviderConfig): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(config, undefined, 2), { mode: 0o600 })
  await rename(`${file}.new`, file)
}
