import { bytesOf, cpusOf } from '../../../contract/quantities.ts'
import type { Chart } from '../chart.ts'
import { type Manifest, unsupported, yamlFile } from '../manifest.ts'
import { type TargetService, targetServices } from './services.ts'
import { settingsOf } from './settings-of.ts'
import { headOf, type TargetFunction } from './target-function.ts'

const CLOUD_RUN = 'Cloud Run'
const MAX_SECONDS = 3_600
const MAX_CONCURRENCY = 1_000
/** The CPUs that an instance can have, each with the memory that it must have. */
const SIZES = [
  [1, 128],
  [2, 128],
  [4, 2_048],
  [6, 4_096],
  [8, 4_096],
] as const
const HEALTH = {
  startupProbe: probe('/_/ready', { periodSeconds: 1, failureThreshold: 60 }),
  livenessProbe: probe('/_/health', { periodSeconds: 10 }),
}
const UPSTREAMS = `https://{name}-\${PROJECT_NUMBER}.\${REGION}.run.app`

interface CloudRunOptions {
  readonly poolMax: number
  readonly chart: Chart
}

/** A Service of Knative's API for each function and for gateway and relay, and a Job for the migration, by file. */
export function cloudRun(
  functions: readonly TargetFunction[],
  { poolMax, chart }: CloudRunOptions,
): Readonly<Record<string, string>> {
  const { gateway, relay, migrate } = targetServices(functions, { chart, upstreams: UPSTREAMS })
  const issues = functions.flatMap(cloudRunIssues)
  const ofFunctions = functions.map((one) => [
    `functions/${one.name}.yaml`,
    yamlFile([functionService(one, poolMax)], { about: headOf(ABOUT, OF_FUNCTIONS, cloudRunIssues(one)) }),
  ])
  return {
    ...Object.fromEntries(ofFunctions),
    'gateway.yaml': yamlFile([gatewayService(gateway, chart)], { about: headOf(ABOUT, OF_ALL, issues) }),
    'relay.yaml': yamlFile([relayService(relay, chart)], { about: ABOUT }),
    'migrate.yaml': yamlFile([job(migrate)], { about: ABOUT.replace('run services replace', 'run jobs replace') }),
  }
}

function functionService(one: TargetFunction, poolMax: number): Manifest {
  const { name, scale, timeoutMs, resources } = one
  const { settings, secrets } = settingsOf(one, { poolMax, upstreams: { EBB_UPSTREAM_TEMPLATE: UPSTREAMS } })
  return service(name, {
    ingress: 'internal',
    annotations: scaling(scale),
    spec: {
      containerConcurrency: Math.min(MAX_CONCURRENCY, scale.concurrency),
      timeoutSeconds: Math.min(MAX_SECONDS, Math.ceil(timeoutMs / 1_000) + 1),
    },
    container: { ...container(name, { settings, secrets, resources }), ...HEALTH },
  })
}

/** Stands open to the internet, and reaches the functions from inside, which take nothing else. */
const gatewayService = (gateway: TargetService, { gateway: { replicas } }: Chart): Manifest =>
  service(gateway.name, {
    ingress: 'all',
    annotations: {
      ...scaling({ min: replicas, max: replicas }),
      'run.googleapis.com/vpc-access-egress': 'all-traffic',
    },
    spec: { containerConcurrency: MAX_CONCURRENCY, timeoutSeconds: MAX_SECONDS },
    container: { ...container(gateway.name, gateway), ...HEALTH },
  })

/** Works without requests, so its CPU is never taken away. */
const relayService = (relay: TargetService, { relay: { replicas } }: Chart): Manifest =>
  service(relay.name, {
    ingress: 'internal',
    annotations: {
      ...scaling({ min: replicas, max: replicas }),
      ...{ 'run.googleapis.com/vpc-access-egress': 'all-traffic', 'run.googleapis.com/cpu-throttling': 'false' },
    },
    spec: {},
    container: { ...container(relay.name, relay), ...HEALTH },
  })

interface ServiceParts {
  readonly ingress: 'all' | 'internal'
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: Manifest
  readonly container: Manifest
}

const service = (name: string, { ingress, annotations, spec, container }: ServiceParts): Manifest => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: {
    name,
    // Ebb-Identity, or a caller's own credential, says who may call.
    annotations: { 'run.googleapis.com/ingress': ingress, 'run.googleapis.com/invoker-iam-disabled': 'true' },
  },
  spec: {
    template: {
      metadata: { annotations: { ...VPC, ...annotations } },
      spec: { ...spec, serviceAccountName: SERVICE_ACCOUNT, containers: [container] },
    },
  },
})

const job = (migrate: TargetService): Manifest => ({
  apiVersion: 'run.googleapis.com/v1',
  kind: 'Job',
  metadata: { name: migrate.name },
  spec: {
    template: {
      metadata: { annotations: VPC },
      spec: {
        taskCount: 1,
        template: {
          spec: {
            maxRetries: 3,
            serviceAccountName: SERVICE_ACCOUNT,
            containers: [container(migrate.name, migrate, { isJob: true })],
          },
        },
      },
    },
  },
})

const SERVICE_ACCOUNT = `ebb@\${PROJECT_ID}.iam.gserviceaccount.com`
/** The stores have addresses of their own in this network. */
const VPC = {
  'run.googleapis.com/network-interfaces': `[{"network":"\${NETWORK}","subnetwork":"\${SUBNETWORK}"}]`,
  'run.googleapis.com/vpc-access-egress': 'private-ranges-only',
}

const scaling = ({ min, max }: { readonly min: number; readonly max: number }) => ({
  'autoscaling.knative.dev/minScale': String(min),
  'autoscaling.knative.dev/maxScale': String(max),
  'run.googleapis.com/startup-cpu-boost': 'true',
})

type ContainerParts = Pick<TargetService, 'settings' | 'secrets' | 'resources'>

function container(name: string, { settings, secrets, resources }: ContainerParts, { isJob = false } = {}): Manifest {
  const ports = isJob ? {} : { ports: [{ name: 'http1', containerPort: 8080 }] }
  return {
    image: `\${EBB_REGISTRY}/ebb/${name}:\${EBB_TAG}`,
    ...ports,
    env: [
      ...Object.entries(settings).map(([name, value]) => ({ name, value })),
      ...Object.entries(secrets).map(([name, secret]) => ({
        name,
        valueFrom: { secretKeyRef: { name: secret, key: 'latest' } },
      })),
    ],
    resources: { limits: limitsOf(resources) },
  }
}

function limitsOf({ requests, limits }: TargetService['resources']) {
  const [cpu, least] = SIZES.find(([cpus]) => cpus >= cpusOf(requests.cpu)) ?? SIZES[SIZES.length - 1] ?? [1, 0]
  return { cpu: String(cpu), memory: `${Math.max(least, Math.ceil(bytesOf(limits.memory) / 2 ** 20))}Mi` }
}

function probe(path: string, timing: Manifest) {
  return { httpGet: { path }, ...timing }
}

/** Lists what a function asks for that Cloud Run cannot do, one sentence each. */
function cloudRunIssues({ name, timeoutMs, scale, resources, egress }: TargetFunction): readonly string[] {
  const say = (field: string, why: string) => unsupported(name, field, CLOUD_RUN, why)
  const issues: string[] = []
  if (timeoutMs > MAX_SECONDS * 1_000) issues.push(say('timeoutMs', `ends what takes longer than ${MAX_SECONDS} s`))
  if (scale.concurrency > MAX_CONCURRENCY)
    issues.push(say('scale.concurrency', `gives an instance ${MAX_CONCURRENCY} requests at a time at most`))
  if (scale.target !== undefined)
    issues.push(say('scale.target', 'starts another instance at 60 % of scale.concurrency'))
  if (cpusOf(resources.requests.cpu) > 8) issues.push(say('resources.requests.cpu', 'gives an instance 8 CPUs at most'))
  if (egress.length > 0)
    issues.push(say('egress', 'knows addresses and no names: close other hosts off by the firewall of the network'))
  return issues
}

const ABOUT = `For Cloud Run, which has Knative's API. What stands in \${...} comes from the environment:
envsubst < FILE | gcloud run services replace - --region "$REGION"`
const OF_FUNCTIONS = [
  'An instance has one CPU or more: the part of one that resources.requests.cpu may ask for is rounded up.',
  'SIGTERM gives an instance ten seconds, however long its requests may take.',
  'A secret is read when an instance starts: one that was rotated needs another revision, and all that are named must be there.',
]
const OF_ALL = [
  ...OF_FUNCTIONS,
  'One port of a service can be reached: gateway and relay have no admin port there, so that console, `--admin` and metrics need another way to it.',
]
