import type { ResolvedDeployment } from '../../contract/index.ts'
import type { Store } from '../../kernel/index.ts'

/** The names on which the manifests of one Ebb agree. */
export const PART_OF = 'ebb'
/** Held by the operators: identity key, pepper, addresses of the stores. */
export const PLATFORM_SECRET = 'ebb'
/** Held by the team: a key for each secret that a contract names. */
export const FUNCTIONS_SECRET = 'ebb-functions'
export const FUNCTIONS_CONFIG = 'ebb-functions'
export const SERVICES_CONFIG = 'ebb-services'

/** By which the parts log in to the database; another one owns it, and migrates. */
export const ROLES = { gateway: 'ebb_gateway', relay: 'ebb_relay', functions: 'ebb_functions' } as const
export const OWNER_ROLE = 'ebb_owner'

/** Names of services that are no functions; a function of that name would stand in their place. */
export const RESERVED_NAMES = ['gateway', 'relay', 'migrate', 'postgres', 'redis']

/** What the platform sets itself in a function's environment, so that no secret of a contract may be called so. */
export const RESERVED_SETTINGS = [
  ...['PORT', 'K_SERVICE', 'K_CONFIGURATION', 'K_REVISION'],
  ...['DATABASE_URL', 'REDIS_URL', 'SMTP_URL', 'EBB_MAIL_FOLDER', 'LOG_LEVEL'],
]

/** Knative skips the registry for `dev.local`; Skaffold and kustomize put the real name and tag in its place. */
export const imageOf = (name: string) => `dev.local/ebb/${name}`
export const taggedImageOf = (name: string) => `${imageOf(name)}:${DEFAULT_TAG}`
/** Also what `docker buildx bake` tags with. */
export const DEFAULT_TAG = 'dev'

export type Part = 'function' | 'gateway' | 'relay' | 'migrate' | 'postgres' | 'redis'

/** What all objects of a part have, and by which policies find its pods. */
export const labelsOf = (part: Part, name: string = part) => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/component': part,
  'app.kubernetes.io/part-of': PART_OF,
})

/** A function never lives to see a request that takes longer than this: 30 s of queue-proxy's quiet, and 10 s for our own end. */
export const DRAIN_SECONDS = 40
const MIN_SECONDS = 60

/**
 * What a pod is granted after SIGTERM, and a request at most. Below about 35 s queue-proxy's wait for quiet ends with a
 * function that was killed unasked.
 */
export const timeoutSecondsOf = (timeoutMs: number) =>
  Math.max(MIN_SECONDS, Math.ceil(timeoutMs / 1_000) + DRAIN_SECONDS)

/** The secret without which a function cannot reach it, and which nobody else has. */
export const STORE_SECRETS = {
  mail: 'SMTP_URL',
  postgres: 'DATABASE_URL',
  redis: 'REDIS_URL',
} as const satisfies Readonly<Record<Store, string>>

/** A function with the stores that it uses: its code says so, as `uses`. */
export interface DeployedFunction extends ResolvedDeployment {
  readonly uses: readonly Store[]
}

/** The names of those that use it. */
export const usersOf = (store: Store, placements: readonly DeployedFunction[]): readonly string[] =>
  placements.filter(({ uses }) => uses.includes(store)).map(({ name }) => name)
