import { gatewayDrainMs, relayDrainMs } from '../../contract/index.ts'
import type { Chart } from './chart.ts'
import {
  type Manifest,
  restrictedSecurityContext,
  type SecretKeys,
  secretEnv,
  secretMounts,
  secretNames,
} from './manifest.ts'
import {
  type DeployedFunction,
  FUNCTIONS_CONFIG,
  FUNCTIONS_SECRET,
  labelsOf,
  PLATFORM_SECRET,
  ROLES,
  SERVICES_CONFIG,
  taggedImageOf,
} from './platform.ts'

/** Gateway and relay each have a database role. They LISTEN, which does not work through a pooler. */
const database = (part: 'GATEWAY' | 'RELAY') =>
  ['DATABASE_URL', 'DATABASE_DIRECT_URL'].map((name) => `${name}=${part}_${name}`)

/** The gateway: replicas spread over nodes and zones, a Service on port 80, and at most one eviction at a time. */
export function gateway(deployedFunctions: readonly GatewayCalls[], chart: Chart): readonly Manifest[] {
  const { drainMs } = chart.shutdown
  const previous = ['EBB_KEY_PEPPER_PREVIOUS', 'EBB_ADMIN_KEY_PREVIOUS']
  const keys = ['EBB_IDENTITY_KEY', 'EBB_KEY_PEPPER', 'EBB_ADMIN_KEY', ...previous, ...database('GATEWAY')]
  const container = {
    ports: [{ name: 'http', containerPort: 8080 }, ADMIN],
    resources: chart.gateway.resources,
    // It stays ready without the database: callers get a 503 with Retry-After then, and not a refused connection.
    ...probes('http', { whileUp: '/_/health', chart }),
    env: [{ name: 'EBB_DRAIN_MS', value: String(drainMs) }],
  }
  const graceSeconds = toGraceSeconds(drainMs + gatewayDrainMs(callsOf(deployedFunctions, chart)), chart)
  const secrets = { [PLATFORM_SECRET]: keys, [FUNCTIONS_SECRET]: signingSecretsOf(deployedFunctions) }
  const deployment = deploymentOf('gateway', secrets, container, { graceSeconds, chart })
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'gateway', labels: labelsOf('gateway') },
    spec: { selector: labelsOf('gateway'), ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  }
  return [deployment, service, disruptionBudget('gateway')]
}

/** The relay: replicas without a leader. Only probes and Prometheus call it. */
export function relay(deployedFunctions: readonly WithTimeout[], chart: Chart): readonly Manifest[] {
  const keys = { [PLATFORM_SECRET]: ['EBB_IDENTITY_KEY=RELAY_IDENTITY_KEY', ...database('RELAY')] }
  const { resources } = chart.relay
  const env = [
    { name: 'EBB_ADMIN_PORT', value: String(ADMIN.containerPort) },
    // It starts with OpenTelemetry's auto-instrumentation, which needs a service name, and would export logs and a span
    // of each probe; the relay's own calls go through undici, not node:http.
    { name: 'OTEL_SERVICE_NAME', value: 'relay' },
    { name: 'OTEL_RESOURCE_ATTRIBUTES', value: 'service.namespace=$(EBB_NAMESPACE)' },
    { name: 'OTEL_LOGS_EXPORTER', value: 'none' },
    { name: 'OTEL_NODE_DISABLED_INSTRUMENTATIONS', value: 'http' },
  ]
  // Readiness only makes a rollout wait: no Service routes to the relay.
  const container = { ports: [ADMIN], resources, env, ...probes('admin', { whileUp: '/_/ready', chart }) }
  const graceSeconds = toGraceSeconds(relayDrainMs(callsOf(deployedFunctions, chart)), chart)
  return [deploymentOf('relay', keys, container, { graceSeconds, chart }), disruptionBudget('relay')]
}

/**
 * The Job that migrates the schema as the owner, and grants the other roles access. It waits for the database; the other pods
 * are not ready before it is done. Its TTL is short, so that the Job of the next version can take its place.
 */
export function migrate(
  _deployedFunctions: readonly WithTimeout[],
  { migrate: { resources, deadlineSeconds } }: Chart,
): readonly Manifest[] {
  const keys = { [PLATFORM_SECRET]: ['DATABASE_DIRECT_URL=MIGRATION_DATABASE_URL'] }
  const { volumes, volumeMounts } = secretMounts(keys)
  const roles = Object.entries(ROLES).map(([part, value]) => ({ name: `EBB_${part.toUpperCase()}_ROLE`, value }))
  const container = {
    name: 'migrate',
    ...commonContainer('migrate'),
    envFrom: [{ configMapRef: { name: FUNCTIONS_CONFIG } }],
    env: [...secretEnv(secretNames(keys)), ...roles],
    resources,
    volumeMounts,
  }
  const pod = {
    restartPolicy: 'OnFailure',
    terminationGracePeriodSeconds: 5,
    ...NO_TOKEN,
    containers: [container],
    volumes,
  }
  const spec = { activeDeadlineSeconds: deadlineSeconds, backoffLimit: 3, ttlSecondsAfterFinished: 300 }
  return [
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate', labels: labelsOf('migrate') },
      spec: { ...spec, template: { metadata: { labels: labelsOf('migrate') }, spec: pod } },
    },
  ]
}

type WithTimeout = Pick<DeployedFunction, 'timeoutMs'>
type GatewayCalls = Pick<DeployedFunction, 'timeoutMs' | 'signedBy'>

/** Those of webhooks. Without one of them the gateway refuses the webhooks, and not to start. */
const signingSecretsOf = (deployedFunctions: readonly GatewayCalls[]) =>
  [...new Set(deployedFunctions.flatMap(({ signedBy = [] }) => signedBy))].map((name) => `${name}?`)

const callsOf = (contracts: readonly WithTimeout[], { gateway: { startTimeoutMs } }: Chart) => ({
  startTimeoutMs,
  contracts,
})

const toGraceSeconds = (drainMs: number, { shutdown: { flushMs } }: Chart) => Math.ceil((drainMs + flushMs) / 1_000)

const ADMIN = { name: 'admin', containerPort: 8081 }

/** A pod starts when stores and schema are there, and stays ready as long as `whileUp` returns 200. */
export function probes(
  port: 'http' | 'admin',
  { whileUp, chart }: { readonly whileUp: string; readonly chart: Chart },
): Manifest {
  const { startup, readiness, liveness } = chart.probes.service
  return {
    startupProbe: { httpGet: { path: '/_/ready', port }, ...startup },
    readinessProbe: { httpGet: { path: whileUp, port }, ...readiness },
    livenessProbe: { httpGet: { path: '/_/health', port }, ...liveness },
  }
}

export const NO_TOKEN = { enableServiceLinks: false, automountServiceAccountToken: false }

export const commonContainer = (part: string) => ({
  image: taggedImageOf(part),
  imagePullPolicy: 'IfNotPresent',
  securityContext: restrictedSecurityContext(),
})

function deploymentOf(
  part: 'gateway' | 'relay',
  keys: SecretKeys,
  { env = [], ...container }: Manifest & { readonly env?: readonly Manifest[] },
  { graceSeconds, chart }: { graceSeconds: number; chart: Chart },
): Manifest {
  const { replicas, poolMax } = chart[part]
  const labels = labelsOf(part)
  const { volumes, volumeMounts } = secretMounts(keys)
  const namespace = { name: 'EBB_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }
  // The settings of functions (stores, telemetry) hold for the services, too; their own come last and win.
  const envFrom = [FUNCTIONS_CONFIG, SERVICES_CONFIG].map((name) => ({ configMapRef: { name } }))
  const settings = {
    envFrom,
    env: [...secretEnv(secretNames(keys)), namespace, { name: 'EBB_POOL_MAX', value: String(poolMax) }, ...env],
  }
  const spread = (topologyKey: string) => ({
    ...{ topologyKey, maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: labels } },
    matchLabelKeys: ['pod-template-hash'],
  })
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: part, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          ...NO_TOKEN,
          terminationGracePeriodSeconds: graceSeconds,
          topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map(spread),
          containers: [{ name: part, ...commonContainer(part), ...settings, ...container, volumeMounts }],
          volumes,
        },
      },
    },
  }
}

const disruptionBudget = (part: 'gateway' | 'relay'): Manifest => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: part, labels: labelsOf(part) },
  spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: labelsOf(part) } },
})
