import { untilTrue } from '../support/until.ts'
import type { Context } from './context.ts'
import type { HydraAddresses } from './hydra-login.ts'
import { isReady } from './kubectl.ts'

const PUBLIC_PORT = 4444
const ADMIN_PORT = 4445
const LABELS = { 'app.kubernetes.io/name': 'hydra' }
const START_MS = 120_000

/** Runs an Ory Hydra, an OpenID provider that keeps everything in memory, in the namespace of the run. */
export async function startHydra(context: Context, image: string): Promise<HydraAddresses> {
  const { kubectl, options } = context
  const issuer = `http://hydra.${options.namespace}.svc:${PUBLIC_PORT}`
  const env = {
    ...{ DSN: 'memory', URLS_SELF_ISSUER: issuer, SECRETS_SYSTEM: 'only-for-this-run-of-the-checks' },
    // No page: the checks accept through the admin port what a person would on one.
    ...{ URLS_LOGIN: 'http://127.0.0.1/login', URLS_CONSENT: 'http://127.0.0.1/consent' },
    ...{ STRATEGIES_ACCESS_TOKEN: 'jwt', OAUTH2_PKCE_ENFORCED: 'true' },
  }
  const container = {
    ...{ name: 'hydra', image, args: ['serve', 'all', '--dev'], imagePullPolicy: 'IfNotPresent' },
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    readinessProbe: { httpGet: { path: '/health/ready', port: PUBLIC_PORT }, periodSeconds: 1 },
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  }
  const securityContext = { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'hydra', labels: LABELS } }
  const ports = [PUBLIC_PORT, ADMIN_PORT].map((port) => ({ name: `port-${port}`, port }))
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'hydra' }, spec: { selector: LABELS, ports } }
  // One that is left over from a run before has its clients and keys.
  await kubectl.text(['delete', 'pod', 'hydra', '--ignore-not-found', '--grace-period=1'])
  const items = [{ ...pod, spec: { containers: [container], securityContext } }, service]
  await kubectl.text(['apply', '--filename', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  })
  await untilTrue(async () => isReady(await kubectl.get('pod', 'hydra')), { limitMs: START_MS, what: 'Hydra' })
  const [publicUrl, adminUrl] = await Promise.all([
    context.serviceUrl('hydra', PUBLIC_PORT),
    context.serviceUrl('hydra', ADMIN_PORT),
  ])
  return { issuer, publicUrl, adminUrl }
}
