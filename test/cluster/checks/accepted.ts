import type { Check } from '../context.ts'
import { chartOf, values } from '../install.ts'
import { kubectlIn } from '../kubectl.ts'
import { runCommand } from '../run-command.ts'

/** The API server would take each object that is rendered from the contracts, with all its fields. */
export const accepted: Check = {
  name: 'k8s/ is accepted by the API server',
  engines: ['knative'],
  run: async ({ project }) => {
    const kubectl = kubectlIn('default')
    const counts: string[] = []
    for (const overlay of ['kind', 'prod']) {
      const words = ['--dry-run=server', '--validate=strict', '--kustomize', `${project}/k8s/overlays/${overlay}`]
      const lines = (await kubectl.text(['apply', ...words])).trim().split('\n')
      const others = lines.filter((line) => !/ (created|configured|unchanged) \(server dry run\)$/.test(line))
      if (others.length > 0) throw new Error(others.join('; '))
      counts.push(`${overlay}: ${lines.length} objects`)
    }
    return counts.join(', ')
  },
}

const scheduling = {
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'pool', operator: 'Equal', value: 'api', effect: 'NoExecute', tolerationSeconds: 300 }],
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, preference: { matchExpressions: [{ key: 'pool', operator: 'In', values: ['api'] }] } },
      ],
    },
  },
  topologySpreadConstraints: [{ topologyKey: 'rack', maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' }],
  priorityClassName: 'system-cluster-critical',
}
const containers = {
  extraEnv: [
    { name: 'HTTPS_PROXY', value: 'http://proxy:3128' },
    { name: 'RATIO', value: 0.5 },
    { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'theirs', key: 'token', optional: true } } },
  ],
  envFrom: [{ configMapRef: { name: 'theirs', optional: true } }],
  extraVolumes: [{ name: 'ca', configMap: { name: 'ca', optional: true } }],
  extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
}
const account = { serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/a' } } }
const resources = {
  requests: { cpu: 0.5, memory: 134_217_728, 'ephemeral-storage': '10Mi' },
  limits: { cpu: 1, memory: '1Gi', 'ephemeral-storage': '100Mi' },
}
const withExistingSecret = { ...account, resources, podLabels: { part: 1 }, podAnnotations: { part: true } }
const digest = `sha256:${'a1'.repeat(32)}`

/** Everything that an operator may set, under names of its own beside what is installed. */
const everything = {
  ...{ fullnameOverride: 'operators', commonLabels: { team: 'shop', 'cost-centre': 4711 }, ...containers },
  image: { digest: { gateway: digest } },
  gateway: {
    ...{ ...withExistingSecret, ...scheduling, trustedHops: 1, podDisruptionBudget: { maxUnavailable: '25%' } },
    ingress: { enabled: true, hosts: ['api.example'], annotations: { a: 1 } },
    service: {
      ...{ type: 'LoadBalancer', nodePort: 30_123, loadBalancerClass: 'example.com/lb' },
      ...{ loadBalancerSourceRanges: ['10.0.0.0/8'], externalTrafficPolicy: 'Local', annotations: { b: true } },
    },
  },
  relay: { ...withExistingSecret, ...scheduling },
  migrate: { ...withExistingSecret, ...scheduling },
  redis: { bundled: { ...withExistingSecret, ...scheduling, maxMemory: 67_108_864 } },
  postgres: {
    bundled: { ...withExistingSecret, ...scheduling, backup: { ...withExistingSecret, ...scheduling, enabled: true } },
  },
  allFunctions: withExistingSecret,
  functions: { 'conformance-write': account },
}

/** The API server would take what the chart makes of every value, with all its fields. */
export const valuesAccepted: Check = {
  name: 'values are accepted by the API server',
  run: async (context) => {
    const { kubectl, options } = context
    // Knative takes a function's scheduling with features only that are off by default.
    const all = options.engine === 'knative' ? everything : { ...everything, ...scheduling }
    const flags = [...(await values(context, options.tag)), '--values', '-', '--dry-run=server', '--skip-tests']
    const words = ['template', options.release, chartOf(context), '--namespace', options.namespace, ...flags]
    const manifests = await runCommand('helm', words, { input: JSON.stringify(all) })
    const dryRun = ['apply', '--dry-run=server', '--validate=strict', '--filename', '-']
    const lines = (await kubectl.text(dryRun, { input: manifests })).trim().split('\n')
    const others = lines.filter((line) => !/ (created|configured|unchanged) \(server dry run\)$/.test(line))
    if (others.length > 0) throw new Error(others.join('; '))
    return `${lines.length} objects`
  },
}
