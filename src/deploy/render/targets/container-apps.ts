import { bytesOf, cpusOf } from '../../../contract/quantities.ts'
import type { Chart } from '../chart.ts'
import { type Manifest, unsupported } from '../manifest.ts'
import { type TargetService, targetServices } from './services.ts'
import { settingsOf } from './settings-of.ts'
import type { TargetFunction } from './target-function.ts'

const AZURE = 'Azure Container Apps'
const API_VERSION = '2024-03-01'
/** The ingress ends a request that takes longer. */
const MAX_SECONDS = 240
const MAX_NAME = 32
/** Memory goes with CPU: two GiB for each, in steps of a quarter of a CPU, up to four. */
const STEP = { cpus: 0.25, gib: 0.5 }
const MAX_CPUS = 4
const MAX_GRACE_SECONDS = 600
/** Within an environment an app is reached by its name. */
const UPSTREAMS = 'http://{name}'

interface ContainerAppsOptions {
  readonly poolMax: number
  readonly chart: Chart
}

/** The functions with gateway, relay and the job that migrates, as one template of Azure Resource Manager. */
export function containerApps(functions: readonly TargetFunction[], { poolMax, chart }: ContainerAppsOptions): string {
  const { gateway, relay, migrate } = targetServices(functions, { chart, upstreams: UPSTREAMS })
  const deployed = functions.filter(({ name }) => name.length <= MAX_NAME)
  const always = (replicas: number) => ({ minReplicas: replicas, maxReplicas: replicas })
  const template = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    metadata: {
      rendered: 'By `ebb render`. Do not edit.',
      about: ABOUT,
      cannot: [...OF_ALL, ...functions.flatMap(issuesOf)],
    },
    parameters: PARAMETERS,
    resources: [
      ...deployed.map((one) => functionApp(one, poolMax)),
      app(gateway, { external: true, scale: always(chart.gateway.replicas) }),
      app(relay, { external: false, scale: always(chart.relay.replicas) }),
      job(migrate, chart),
    ],
  }
  return `${JSON.stringify(template, undefined, 2)}\n`
}

function functionApp(one: TargetFunction, poolMax: number): Manifest {
  const { name, scale, timeoutMs, resources } = one
  const { settings, secrets } = settingsOf(one, { poolMax, upstreams: { EBB_UPSTREAM_TEMPLATE: UPSTREAMS } })
  const concurrent = String(scale.target ?? scale.concurrency)
  return app(
    { name, settings: { ...settings, EBB_MAX_CONCURRENCY: String(scale.concurrency) }, secrets, resources },
    {
      external: false,
      graceSeconds: Math.ceil(timeoutMs / 1_000) + 10,
      scale: {
        ...{ minReplicas: scale.min, maxReplicas: scale.max },
        rules: [{ name: 'requests', http: { metadata: { concurrentRequests: concurrent } } }],
      },
    },
  )
}

interface AppParts extends Omit<TargetService, 'name'> {
  readonly name: string
}

interface AppOptions {
  readonly external: boolean
  readonly scale: Manifest
  readonly graceSeconds?: number
}

const app = (parts: AppParts, { external, scale, graceSeconds = 60 }: AppOptions): Manifest => ({
  type: 'Microsoft.App/containerApps',
  apiVersion: API_VERSION,
  name: parts.name,
  location: parameter('location'),
  identity: IDENTITY,
  properties: {
    managedEnvironmentId: parameter('environmentId'),
    configuration: {
      activeRevisionsMode: 'Single',
      ingress: { external, targetPort: 8080, transport: 'http', allowInsecure: !external },
      ...referencesOf(parts),
    },
    template: {
      terminationGracePeriodSeconds: Math.min(MAX_GRACE_SECONDS, graceSeconds),
      containers: [{ ...container(parts), probes: PROBES }],
      scale,
    },
  },
})

const job = (migrate: TargetService, { migrate: { deadlineSeconds } }: Chart): Manifest => ({
  type: 'Microsoft.App/jobs',
  apiVersion: API_VERSION,
  name: migrate.name,
  location: parameter('location'),
  identity: IDENTITY,
  properties: {
    environmentId: parameter('environmentId'),
    configuration: {
      ...{ triggerType: 'Manual', replicaTimeout: deadlineSeconds, replicaRetryLimit: 3 },
      manualTriggerConfig: { parallelism: 1, replicaCompletionCount: 1 },
      ...referencesOf(migrate),
    },
    template: { containers: [container(migrate)] },
  },
})

/** Key Vault names secrets like host names. */
const vaultNameOf = (secret: string) => secret.toLowerCase().replaceAll('_', '-')

const referencesOf = ({ secrets }: Pick<TargetService, 'secrets'>) => ({
  secrets: [...new Set(Object.values(secrets))].map((secret) => ({
    name: vaultNameOf(secret),
    keyVaultUrl: `[concat(parameters('keyVaultUrl'), 'secrets/${vaultNameOf(secret)}')]`,
    identity: parameter('identityId'),
  })),
  registries: [{ server: parameter('registry'), identity: parameter('identityId') }],
})

const container = ({ name, settings, secrets, resources }: AppParts): Manifest => ({
  name,
  image: `[concat(parameters('registry'), '/ebb/${name}:', parameters('tag'))]`,
  env: [
    ...Object.entries(settings).map(([name, value]) => ({ name, value })),
    ...Object.entries(secrets).map(([name, secret]) => ({ name, secretRef: vaultNameOf(secret) })),
  ],
  resources: sizeOf(resources),
})

function sizeOf({ requests, limits }: TargetService['resources']) {
  const gib = bytesOf(limits.memory) / 2 ** 30
  const steps = Math.max(1, Math.ceil(cpusOf(requests.cpu) / STEP.cpus), Math.ceil(gib / STEP.gib))
  const cpu = Math.min(MAX_CPUS, steps * STEP.cpus)
  return { cpu, memory: `${(cpu / STEP.cpus) * STEP.gib}Gi` }
}

const probe = (type: string, path: string, timing: Manifest) => ({ type, httpGet: { path, port: 8080 }, ...timing })
const PROBES = [
  probe('Startup', '/_/ready', { periodSeconds: 1, failureThreshold: 10 }),
  probe('Readiness', '/_/ready', { periodSeconds: 5, failureThreshold: 3 }),
  probe('Liveness', '/_/health', { periodSeconds: 10, failureThreshold: 3 }),
]

/** Lists what a function asks for that Azure Container Apps cannot do, one sentence each. */
function issuesOf({ name, timeoutMs, route, resources, egress }: TargetFunction): readonly string[] {
  const say = (field: string, why: string) => unsupported(name, field, AZURE, why)
  if (name.length > MAX_NAME)
    return [say('name', `takes names of ${MAX_NAME} characters at most; the function is left out here`)]
  const issues: string[] = []
  if (timeoutMs > MAX_SECONDS * 1_000 && !route?.upgrade)
    issues.push(say('timeoutMs', `ends a request after ${MAX_SECONDS} s`))
  if (cpusOf(resources.requests.cpu) > MAX_CPUS || bytesOf(resources.limits.memory) > 2 * MAX_CPUS * 2 ** 30)
    issues.push(say('resources', `gives an instance ${MAX_CPUS} CPUs and ${2 * MAX_CPUS} GiB at most`))
  if (egress.length > 0)
    issues.push(say('egress', 'knows no hosts: close others off by the firewall of the environment’s network'))
  return issues
}

const parameter = (name: string) => `[parameters('${name}')]`
const text = (description: string, more: Manifest = {}) => ({ type: 'string', ...more, metadata: { description } })

const IDENTITY = { type: 'UserAssigned', userAssignedIdentities: { "[parameters('identityId')]": {} } }
const PARAMETERS = {
  location: text('Where they run.', { defaultValue: '[resourceGroup().location]' }),
  environmentId: text('The id of the environment (Microsoft.App/managedEnvironments).'),
  identityId: text('The id of the identity that may pull the images and read the secrets.'),
  registry: text('The registry of the images, such as example.azurecr.io.'),
  tag: text('The tag of the images.'),
  keyVaultUrl: text('The address of the Key Vault with the secrets, such as https://example.vault.azure.net/.'),
}

const ABOUT =
  'For Azure Container Apps: az deployment group create --resource-group GROUP --template-file targets/container-apps/template.json --parameters ...'
const OF_ALL = [
  'Memory goes with CPU, 2 GiB for each, in steps of a quarter of one: both are rounded up.',
  'A function takes its minimum of instances, and one more only every some seconds: EBB_MAX_CONCURRENCY keeps scale.concurrency meanwhile.',
  'One port of an app can be reached: gateway and relay have no admin port there, so that console, `--admin` and metrics need another way to it.',
  'All secrets that are named must be there; one that was rotated needs another revision.',
]
