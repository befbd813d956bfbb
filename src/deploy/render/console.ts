import type { Chart } from './chart.ts'
import { commonContainer, NO_TOKEN, probes } from './deployments.ts'
import { type Manifest, secretEnv, secretMounts, secretNames } from './manifest.ts'
import { consolePolicies } from './network-policies.ts'
import { labelsOf, PLATFORM_SECRET, SERVICES_CONFIG } from './platform.ts'

/** The name that stands for the admin ports of all gateways, each by its own address. */
const GATEWAY_PODS = 'gateway-pods'

/** The console: one pod, since who is logged in stands in its memory, and a Service on port 80 for the route of an overlay. */
export function consoleOfOperators(chart: Chart): readonly Manifest[] {
  const labels = labelsOf('console')
  const keys = { [PLATFORM_SECRET]: ['EBB_CONSOLE_CLIENT_SECRET?'] }
  const { volumes, volumeMounts } = secretMounts(keys)
  const container = {
    name: 'console',
    ...commonContainer('console'),
    // With EBB_ISSUERS and EBB_ADMIN_SCOPE, which are the gateway's, too.
    envFrom: [{ configMapRef: { name: SERVICES_CONFIG } }],
    env: [...secretEnv(secretNames(keys)), { name: 'EBB_CONSOLE_GATEWAYS', value: `http://${GATEWAY_PODS}:8081` }],
    ports: [{ name: 'http', containerPort: 8080 }],
    ...probes('http', { whileUp: '/_/health', chart }),
    resources: chart.console.resources,
    volumeMounts,
  }
  const pod = { ...NO_TOKEN, containers: [container], volumes }
  return [
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'console', labels } },
      spec: {
        ...{ replicas: 1, strategy: { type: 'Recreate' }, selector: { matchLabels: labels } },
        template: { metadata: { labels }, spec: pod },
      },
    },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'console', labels } },
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: GATEWAY_PODS, labels: labelsOf('gateway') } },
      spec: {
        ...{ clusterIP: 'None', selector: labelsOf('gateway') },
        ports: [{ name: 'admin', port: 8081, targetPort: 'admin' }],
      },
    },
    ...consolePolicies(),
  ]
}
