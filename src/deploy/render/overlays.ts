import { type Manifest, SECRETS_FOLDER, toYaml, yamlFile } from './manifest.ts'
import {
  type DeployedFunction,
  FUNCTIONS_CONFIG,
  FUNCTIONS_SECRET,
  PLATFORM_SECRET,
  ROLES,
  SERVICES_CONFIG,
  STORE_SECRETS,
  usersOf,
} from './platform.ts'
import { PRODUCTION_REPLICAS } from './sizing.ts'

/** The ports of Postgres and PgBouncer, of Redis and Redis with TLS, of SMTP, and of S3 and stores that speak it. */
const EXTERNAL_PORTS = { postgres: [5432, 6432], redis: [6379, 6380], smtp: [465, 587], objects: [443, 8333, 9000] }

/** Everything on one node, with the bundled Postgres and Valkey. */
export const kindOverlay = (deployedFunctions: readonly DeployedFunction[]): string =>
  yamlFile(
    [
      kustomization({
        resources: ['../../base'],
        components: ['../../components/postgres', '../../components/redis'],
        replicas: { gateway: 1, relay: 1 },
        functions: { EBB_MAIL_FOLDER: '/tmp/mail' },
        patches: [...storeSecrets('redis', deployedFunctions), patch(GATEWAY, secretsOf('REDIS_URL'))],
      }),
    ],
    { about: KIND },
  )

const KIND = `For kind and other clusters on one machine, with Knative in them. First, once:
  npx ebb render secrets | kubectl create -f -
Mail is written to /tmp/mail in the pod that sends it, and there is no store of objects.`

/** More replicas of the always-on services, and external stores. */
export function productionOverlay(deployedFunctions: readonly DeployedFunction[]): string {
  const mail = usersOf('mail', deployedFunctions).length > 0 ? [patch(policyOf('mail'), allowEgress('smtp'))] : []
  const objects =
    usersOf('objects', deployedFunctions).length > 0
      ? [
          patch(policyOf('objects'), allowEgress('objects')),
          patch(policyOf('relay'), allowEgress('objects')),
          // It removes what was never finished.
          patch(RELAY, secretsOf(STORE_SECRETS.objects)),
        ]
      : []
  const overlay = kustomization({
    resources: ['../../base'],
    replicas: PRODUCTION_REPLICAS,
    functions: {},
    patches: [
      ...storeSecrets('redis', deployedFunctions),
      ...storeSecrets('mail', deployedFunctions),
      ...storeSecrets('objects', deployedFunctions),
      ...['gateway', 'functions'].map((part) => patch(policyOf(part), allowEgress('postgres', 'redis'))),
      ...mail,
      ...objects,
      ...['relay', 'migrate'].map((part) => patch(policyOf(part), allowEgress('postgres'))),
      patch(GATEWAY, [
        ...secretsOf('REDIS_URL'),
        replace('/spec/template/spec/containers/0/resources/requests/cpu', '500m'),
      ]),
    ],
  })
  return yamlFile([overlay], { about: PRODUCTION })
}

const PRODUCTION = `For external stores. Their operators create two Secrets (External Secrets, Vault, by hand): \`${PLATFORM_SECRET}\` with
DATABASE_URL (of the role ${ROLES.functions}), GATEWAY_DATABASE_URL and RELAY_DATABASE_URL (of ${ROLES.gateway} and ${ROLES.relay}),
GATEWAY_DATABASE_DIRECT_URL and RELAY_DATABASE_DIRECT_URL (the same, unless a pooler is in front of Postgres), MIGRATION_DATABASE_URL (of the owner, who may alter tables), REDIS_URL, SMTP_URL, EBB_OBJECTS_URL, EBB_IDENTITY_KEY, EBB_IDENTITY_JWKS,
EBB_KEY_PEPPER and EBB_ADMIN_KEY; and \`${FUNCTIONS_SECRET}\` with what the contracts name in \`secrets\`.
A namespace, an ingress and telemetry depend on the site: add them in an overlay of your own that has this one as its resource.`

/** The address of a store, for the functions that use it. */
function storeSecrets(
  store: 'redis' | 'mail' | 'objects',
  deployedFunctions: readonly DeployedFunction[],
): readonly Manifest[] {
  const names = usersOf(store, deployedFunctions)
  return names.length > 0 ? [patch(functionsOf(names), secretsOf(STORE_SECRETS[store]))] : []
}

interface Overlay {
  readonly resources: readonly string[]
  readonly components?: readonly string[]
  readonly replicas: { readonly gateway: number; readonly relay: number }
  /** Settings of all parts, added to those of the base. */
  readonly functions: Readonly<Record<string, string>>
  readonly patches?: readonly Manifest[]
}

function kustomization({ resources, components, replicas, functions, patches }: Overlay): Manifest {
  const merged = (name: string, settings: Readonly<Record<string, string>>) => ({
    name,
    behavior: 'merge',
    literals: Object.entries(settings).map(([key, value]) => `${key}=${value}`),
  })
  const settings = [merged(SERVICES_CONFIG, { EBB_GATEWAY_REPLICAS: String(replicas.gateway) })]
  if (Object.keys(functions).length > 0) settings.unshift(merged(FUNCTIONS_CONFIG, functions))
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources,
    ...(components ? { components } : {}),
    replicas: Object.entries(replicas).map(([name, count]) => ({ name, count })),
    configMapGenerator: settings,
    ...(patches ? { patches } : {}),
  }
}

const patch = (target: Manifest, operations: readonly Manifest[]): Manifest => ({
  target,
  patch: toYaml(operations),
})

/** These functions; kustomize takes a name as a pattern. */
const functionsOf = (names: readonly string[]): Manifest => ({
  group: 'serving.knative.dev',
  kind: 'Service',
  name: names.join('|'),
})
const GATEWAY = { group: 'apps', kind: 'Deployment', name: 'gateway' }
const RELAY = { group: 'apps', kind: 'Deployment', name: 'relay' }

const policyOf = (part: string): Manifest => ({ kind: 'NetworkPolicy', name: `ebb-${part}` })

const add = (path: string, value: unknown): Manifest => ({ op: 'add', path, value })
const replace = (path: string, value: unknown): Manifest => ({ op: 'replace', path, value })

/** Adds a key of the platform's Secret, which is the first source of the first volume. */
function secretsOf(name: string): readonly Manifest[] {
  return [
    add('/spec/template/spec/volumes/0/projected/sources/0/secret/items/-', { key: name, path: name }),
    add('/spec/template/spec/containers/0/env/-', { name: `${name}_FILE`, value: `${SECRETS_FOLDER}/${name}` }),
  ]
}

/** Allows these ports at any address, since external stores may be anywhere. */
const allowEgress = (...stores: (keyof typeof EXTERNAL_PORTS)[]): readonly Manifest[] => [
  add('/spec/egress/-', {
    ports: stores.flatMap((store) => EXTERNAL_PORTS[store].map((port) => ({ protocol: 'TCP', port }))),
  }),
]
