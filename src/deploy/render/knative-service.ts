import type { ResolvedDeployment } from '../../contract/index.ts'
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
} from './platform.ts'

/** Knative's own defaults of `max-revision-timeout-seconds` and `container-concurrency-max-limit`. */
const MAX_SECONDS = 600
const MAX_CONCURRENCY = 1_000
/** From here on Knative would else end a request for want of its first byte. */
const START_TIMEOUT_SECONDS = 300

/** A function as a Knative Service: cluster-local, behind the gateway, and gone while nobody calls it. */
export function knativeService({ name, timeoutMs, scale, resources, uses, secrets }: DeployedFunction): Manifest {
  // Whether there is Redis, and mail by SMTP, an overlay says.
  const platforms = [...(uses.includes('postgres') ? ['DATABASE_URL'] : []), 'EBB_IDENTITY_JWKS']
  const keys = { [PLATFORM_SECRET]: platforms, [FUNCTIONS_SECRET]: secrets }
  const { volumes, volumeMounts } = secretMounts(keys)
  const timeoutSeconds = timeoutSecondsOf(timeoutMs)
  const container = {
    image: taggedImageOf(name),
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'http1', containerPort: 8080 }],
    envFrom: [{ configMapRef: { name: FUNCTIONS_CONFIG } }],
    env: secretEnv(secretNames(keys)),
    resources,
    // Without a period Knative asks every 50 ms until it is ready; thresholds are refused then. A startupProbe would make
    // it wait for the kubelet instead, at each cold start.
    readinessProbe: { httpGet: { path: '/_/ready' }, periodSeconds: 0, successThreshold: 1 },
    livenessProbe: { httpGet: { path: '/_/health' }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
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

/** A target is a number of requests here, not 70 % of it. */
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

export function knativeIssues({ name, timeoutMs, scale }: ResolvedDeployment): readonly string[] {
  const longestMs = (MAX_SECONDS - DRAIN_SECONDS) * 1_000
  const faults: string[] = []
  if (timeoutMs > longestMs) {
    const why = `ends a request after ${MAX_SECONDS} s, ${DRAIN_SECONDS} of them for the end of an instance`
    faults.push(unsupported(name, 'timeoutMs', 'Knative', `${why}: ${longestMs} is the most, not ${timeoutMs}`))
  }
  if (scale.concurrency > MAX_CONCURRENCY) {
    const why = `gives an instance ${MAX_CONCURRENCY} requests at a time at most, not ${scale.concurrency}`
    faults.push(unsupported(name, 'scale.concurrency', 'Knative', why))
  }
  return faults
}
