import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from '@jest/globals'
import { SERVICES } from '../../src/build/build-image.ts'
import { importContracts, importUses } from '../../src/deploy/import-sources.ts'
import { readChart, render } from '../../src/deploy/render/index.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { flattenManifests } from './flatten-manifests.ts'
import { describeChart, KNATIVE, PROMETHEUS, parseYaml, renderChart, type Values } from './helm.ts'
import { kustomize } from './kustomize.ts'

/** What differs on purpose, and why. */
const DIFFERENCES: readonly (readonly [RegExp, string])[] = [
  [/^test | network from (test|backup):/, 'the chart has tests and backups of its own'],
  [/ (PodMonitor|PrometheusRule)\./, 'k8s/ asks for no operator but Knative'],
  [/ ServiceAccount\.| pod\.serviceAccountName$/, 'an account is for roles in a cloud: no pod has a token'],
  [/^gateway-admin Service\./, 'k8s/ is administered through a port-forward'],
  [/^gateway Service\.type$|\.persistentVolumeClaimRetentionPolicy\./, 'k8s/ leaves out what is Kubernetes` default'],
  [/\benv\.(PORT|EBB_ADMIN_PORT)$/, 'k8s/ leaves out what is the default of a setting'],
  [
    /^gateway HorizontalPodAutoscaler\.| Deployment\.replicas$|\benv\.EBB_GATEWAY_REPLICAS$/,
    'an overlay says a number',
  ],
  [/\bannotations\.(sync-wave|hook|hook-delete-policy)$/, 'k8s/ is for kubectl; Argo CD renders the chart'],
  [/\.ttlSecondsAfterFinished$/, 'in k8s/ the Job keeps its name, which the next version needs soon'],
  [/ pod\.annotations\.secrets$/, 'in k8s/ the name of a ConfigMap ends with a hash of it'],
  [/\benv\.(EBB_NAMESPACE|OTEL_RESOURCE_ATTRIBUTES)\b/, 'k8s/ has no namespace, and Knative asks the pod for none'],
  [/\benv\.EBB_MAIL_FOLDER$|^migrate .*\benv\.EBB_POOL_MAX$/, 'in k8s/ one ConfigMap is for all parts'],
  [/\bDATABASE_DIRECT_URL(_FILE)?$/, 'in k8s/ a pooler is put before Postgres by a Secret alone'],
  [/ network to monitoring:4318$/, 'k8s/ gets a collector from an overlay, which finds its way open'],
  [
    /^postgres .*(serviceName|volumeClaimTemplates|PGDATA)$/,
    'k8s/ has names without a release, and keeps its data where it is',
  ],
]

/** Renders the tests' project: a folder with its files, and what the chart gets of its functions. */
async function renderProject() {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-kustomize-'))
  const contracts = await importContracts(TEST_PROJECT)
  const uses = await importUses(TEST_PROJECT, Object.keys(contracts))
  const files = render(contracts, { services: SERVICES, chart: readChart('.'), uses })
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  const { functions } = parseYaml(files['charts/ebb/functions.yaml'] ?? '') as { functions: Record<string, object> }
  return { folder, functions }
}

describeChart('k8s/ and the chart', () => {
  it('say the same, but for what differs on purpose', async () => {
    // The bundled stores of k8s/ are for a first try on a small machine.
    const small = parseYaml(readFileSync('charts/ebb/values-small.yaml', 'utf8')) as Record<
      'postgres' | 'redis',
      Values
    >
    const values = {
      knative: { ingressNamespaces: ['kourier-system', 'knative-ingress'] },
      telemetry: { otlpEndpoint: '' },
      postgres: { bundled: small.postgres.bundled },
      redis: { bundled: small.redis.bundled },
    }
    const { folder, functions } = await renderProject()
    const [chart, other] = [
      flattenManifests(await renderChart(values, { functions, apis: [KNATIVE, PROMETHEUS] })),
      flattenManifests(kustomize(join(folder, 'k8s/overlays/kind'))),
    ]
    await rm(folder, { recursive: true })
    const all = [...new Set([...chart.keys(), ...other.keys()])].sort()
    const differing = all.filter((path) => chart.get(path) !== other.get(path))
    const unexplained = differing.filter((path) => !DIFFERENCES.some(([where]) => where.test(path)))
    expect(unexplained.map((path) => `${path}: ${chart.get(path)} and ${other.get(path)}`)).toEqual([])
    const idle = DIFFERENCES.filter(([where]) => !differing.some((path) => where.test(path)))
    expect(idle.map(([, why]) => why)).toEqual([])
  })
})
