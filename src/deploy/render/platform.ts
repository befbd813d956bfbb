import type { ResolvedDeployment } from '../../contract/index.ts'
import type { Store } from '../../kernel/index.ts'

/** Names that all manifests of an Ebb share. */
export const PART_OF = 'ebb'
/** The operators' Secret: identity keys, pepper, addresses of the stores. */
export const PLATFORM_SECRET = 'ebb'
/** The team's Secret: a key for each secret that a contract names. */
export const FUNCTIONS_SECRET = 'ebb-functions'
/** The ConfigMap with the settings of all functions. */
export const FUNCTIONS_CONFIG = 'ebb-functions'
/** The ConfigMap with the settings of gateway and relay. */
export const SERVICES_CONFIG = 'ebb-services'

/** The database roles of the parts; the owner is another one, and migrates. */
export const ROLES = { gateway: 'ebb_gateway', relay: 'ebb_relay', functions: 'ebb_functions' } as const
/** The database role that owns the tables, and migrates them. */
export const OWNER_ROLE = 'ebb_owner'

/** Where a function is, as Kubernetes names its Service. */
export const UPSTREAM_TEMPLATE = 'http://{name}.{namespace}.svc'

/** Names of the platform's own Services, which a function must not take. */
export const RESERVED_NAMES = ['gateway', 'relay', 'migrate', 'postgres', 'redis', 'console']

/** Variables that the platform sets in a function's environment: no secret of a contract may have such a name. */
export const RESERVED_SETTINGS = [
  ...['PORT', 'K_SERVICE', 'K_CONFIGURATION', 'K_REVISION'],
  ...['DATABASE_URL', 'REDIS_URL', 'SMTP_URL', 'EBB_MAIL_FOLDER', 'LOG_LEVEL', 'EBB_OBJECTS_URL'],
]

/** Knative skips the registry for `dev.local`; Skaffold and kustomize replace name and tag. */
export const imageOf = (name: string) => `dev.local/ebb/${name}`
/** The name of an image with the tag of a local build. */
export const taggedImageOf = (name: string) => `${imageOf(name)}:${DEFAULT_TAG}`
/** Also what `docker buildx bake` tags with. */
export const DEFAULT_TAG = 'dev'

/** A kind of pod, as the label `app.kubernetes.io/component` names it. */
export type Component = 'function' | 'gateway' | 'relay' | 'migrate' | 'console' | 'postgres' | 'redis'

/** The labels of all objects of a part, by which policies select its pods. */
export const labelsOf = (part: Component, name: string = part) => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/component': part,
  'app.kubernetes.io/part-of': PART_OF,
})

/** The part of the grace period that no request can use: queue-proxy waits 30 s for quiet, and the function's own end takes 10 s. */
export const DRAIN_SECONDS = 40
const MIN_SECONDS = 60

/**
 * Both the grace period of a pod after SIGTERM and Knative's limit of a request. Below about 35 s queue-proxy still waits for
 * quiet when the function is killed.
 */
export const timeoutSecondsOf = (timeoutMs: number) =>
  Math.max(MIN_SECONDS, Math.ceil(timeoutMs / 1_000) + DRAIN_SECONDS)

/** The secret with the address of a store, which only the functions that use the store get. */
export const STORE_SECRETS = {
  mail: 'SMTP_URL',
  objects: 'EBB_OBJECTS_URL',
  postgres: 'DATABASE_URL',
  redis: 'REDIS_URL',
} as const satisfies Readonly<Record<Store, string>>

/** A function with the stores that it uses, which its handler declares as `uses`. */
export interface DeployedFunction extends ResolvedDeployment {
  readonly uses: readonly Store[]
}

/** The names of the functions that use a store. */
export const usersOf = (store: Store, deployedFunctions: readonly DeployedFunction[]): readonly string[] =>
  deployedFunctions.filter(({ uses }) => uses.includes(store)).map(({ name }) => name)
