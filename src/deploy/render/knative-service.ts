import type { ResolvedDeployment } from '../../contract/index.ts'
import type { Chart } from './chart.ts'
import {
  type Manifest,
  restrictedSecurityContext,
  secretEnv,
  secretMounts,
  secretNames,
  unsupported,
} from './manifest.ts'
import {
  type DeployedFunction,
  DRAIN_SECONDS,
  FUNCTIONS_CONFIG,
  FUNCTIONS_SECRET,
  labelsOf,
  PLATFORM_SECRET,
  taggedImageOf,
  timeoutSecondsOf,
  UPSTREAM_TEMPLATE,
} from './platform.ts'

/** Knative's own defaults of `max-revision-timeout-seconds` and `container-concurrency-max-limit`. */
const MAX_SECONDS = 600
const MAX_CONCURRENCY = 1_000
/** Above this, Knative needs a responseStartTimeoutSeconds, or it ends a request before its first byte. */
const START_TIMEOUT_SECONDS = 300

/** A function as a Knative Service: cluster-local, behind the gateway, scaled to zero when idle. */
export function knativeService(
  { name, timeoutMs, scale, resources, uses, secrets, calls }: DeployedFunction,
  { probes: { knative } }: Chart,
): Manifest {
  // Redis and SMTP are added by overlays.
  const platforms = [...(uses.includes('postgres') ? ['DATABASE_URL'] : []), 'EBB_IDENTITY_JWKS']
  const keys = { [PLATFORM_SECRET]: platforms, [FUNCTIONS_SECRET]: secrets }
  const { volumes, volumeMounts } = secretMounts(keys)
  const timeoutSeconds = timeoutSecondsOf(timeoutMs)
  const container = {
    image: taggedImageOf(name),
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'http1', containerPort: 8080 }],
    envFrom: [{ configMapRef: { name: FUNCTIONS_CONFIG } }],
    env: [
      ...secretEnv(secretNames(keys)),
      ...(calls.length > 0 ? [{ name: 'EBB_UPSTREAM_TEMPLATE', value: UPSTREAM_TEMPLATE }] : []),
    ],
    resources,
    readinessProbe: { httpGet: { path: '/_/ready' }, ...knative.readiness },
    livenessProbe: { httpGet: { path: '/_/health' }, ...knative.liveness },
    securityContext: restrictedSecurityContext(),
    volumeMounts,
  }
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name, labels: { ...labelsOf('function', name), 'networking.knative.dev/visibility': 'cluster-local' } },
    spec: {
      template: {
        metadata: { labels: labelsOf('function', name), annotations: autoscaling(scale) },
        spec: {
          containerConcurrency: scale.concurrency,
          timeoutSeconds,
          ...(timeoutSeconds > START_TIMEOUT_SECONDS ? { responseStartTimeoutSeconds: timeoutSeconds } : {}),
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          containers: [container],
          volumes,
        },
      },
    },
  }
}

/** The target is the number of requests itself, not 70 % of it, which is Knative's default. */
function autoscaling({ min, max, target }: ResolvedDeployment['scale']) {
  const prefix = 'autoscaling.knative.dev'
  return {
    [`${prefix}/min-scale`]: String(min),
    [`${prefix}/max-scale`]: String(max),
    ...(target === undefined
      ? {}
      : { [`${prefix}/target`]: String(target), [`${prefix}/target-utilization-percentage`]: '100' }),
  }
}

/** Lists what a function asks for that Knative cannot do, one sentence each. */
export function knativeIssues({ name, timeoutMs, scale }: ResolvedDeployment): readonly string[] {
  const longestMs = (MAX_SECONDS - DRAIN_SECONDS) * 1_000
  const issues: string[] = []
  if (timeoutMs > longestMs) {
    const why = `ends a request after ${MAX_SECONDS} s, ${DRAIN_SECONDS} of them for the end of an instance`
    issues.push(unsupported(name, 'timeoutMs', 'Knative', `${why}: ${longestMs} is the most, not ${timeoutMs}`))
  }
  if (scale.concurrency > MAX_CONCURRENCY) {
    const why = `gives an instance ${MAX_CONCURRENCY} requests at a time at most, not ${scale.concurrency}`
    issues.push(unsupported(name, 'scale.concurrency', 'Knative', why))
  }
  return issues
}
