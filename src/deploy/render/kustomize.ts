import type { Chart } from './chart.ts'
import { consoleOfOperators } from './console.ts'
import { gateway, migrate, relay } from './deployments.ts'
import { knativeService } from './knative-service.ts'
import { type Manifest, yamlFile } from './manifest.ts'
import { egressPolicy, networkPolicies } from './network-policies.ts'
import { kindOverlay, productionOverlay } from './overlays.ts'
import { type DeployedFunction, FUNCTIONS_CONFIG, PART_OF, SERVICES_CONFIG, UPSTREAM_TEMPLATE } from './platform.ts'
import type { DeployedProxy } from './proxies.ts'
import type { Sizing } from './sizing.ts'
import { postgres, redis } from './stores.ts'

/** The manifests of each service that has an image. */
const SERVICES: Readonly<
  Record<string, (called: readonly Pick<DeployedFunction, 'timeoutMs'>[], chart: Chart) => readonly Manifest[]>
> = {
  gateway,
  relay,
  migrate,
}

interface KustomizeOptions {
  readonly proxies: readonly DeployedProxy[]
  readonly services: readonly string[]
  readonly sizing: Sizing
  readonly chart: Chart
}

/** The files of `k8s/` by path: a base without a namespace, two overlays, and the stores as components. */
export function kustomize(
  deployedFunctions: readonly DeployedFunction[],
  { proxies, services, sizing, chart }: KustomizeOptions,
) {
  const functions = deployedFunctions.map((deployedFunction) => [
    `functions/${deployedFunction.name}.yaml`,
    yamlFile(
      [
        knativeService(deployedFunction, chart),
        ...(deployedFunction.egress.length > 0 ? [egressPolicy(deployedFunction)] : []),
      ],
      {
        about: NO_CPU_LIMIT,
      },
    ),
  ])
  const calledBy = (service: string) => (service === 'gateway' ? [...deployedFunctions, ...proxies] : deployedFunctions)
  const parts = services
    .filter((name) => Object.hasOwn(SERVICES, name))
    .map((name) => [`${name}.yaml`, yamlFile(SERVICES[name]?.(calledBy(name), chart) ?? [])])
  const base: Readonly<Record<string, string>> = {
    ...Object.fromEntries([...functions, ...parts]),
    'network-policies.yaml': yamlFile(networkPolicies(deployedFunctions, proxies, chart), { about: POLICIES }),
  }
  const component = (name: string, manifests: readonly Manifest[]) => ({
    [`k8s/components/${name}/${name}.yaml`]: yamlFile(manifests),
    [`k8s/components/${name}/kustomization.yaml`]: yamlFile([
      { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component', resources: [`${name}.yaml`] },
    ]),
  })
  return {
    ...Object.fromEntries(Object.entries(base).map(([name, text]) => [`k8s/base/${name}`, text])),
    'k8s/base/kustomization.yaml': yamlFile([baseOf(Object.keys(base), sizing, chart)], { about: BASE }),
    'k8s/base/knative-references.yaml': yamlFile([REFERENCES]),
    'k8s/overlays/kind/kustomization.yaml': kindOverlay(deployedFunctions),
    'k8s/overlays/prod/kustomization.yaml': productionOverlay(deployedFunctions),
    ...component(
      'postgres',
      postgres({ ...sizing, readsChanges: deployedFunctions.some(({ change }) => change !== undefined) }, chart),
    ),
    ...component('redis', redis(chart)),
    ...(services.includes('console') ? component('console', consoleOfOperators(chart)) : {}),
  }
}

/** Services without a renderer. */
export const kustomizeIssues = ({ services }: Pick<KustomizeOptions, 'services'>): readonly string[] =>
  services
    .filter((name) => !Object.hasOwn(SERVICES, name) && name !== 'console')
    .map((name) => `services/${name}: nothing renders it for Kubernetes yet; add it to src/deploy/render`)

const NO_CPU_LIMIT = `No CPU limit: it would throttle the very start that a request waits for.`
const POLICIES = `All traffic is denied but for these arrows. They have no effect if the network plugin does not enforce policies.`
const BASE = `Names of ConfigMaps end with a hash of their content, so that a change makes new revisions and restarts the other pods.`

function baseOf(
  resources: readonly string[],
  { poolMax }: Sizing,
  { gateway: { replicas, startTimeoutMs } }: Chart,
): Manifest {
  const literals = (settings: Readonly<Record<string, string>>) =>
    Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [...resources].sort(),
    configurations: ['knative-references.yaml'],
    generatorOptions: { labels: { 'app.kubernetes.io/part-of': PART_OF } },
    configMapGenerator: [
      {
        name: FUNCTIONS_CONFIG,
        literals: literals({ EBB_POOL_MAX: String(poolMax), LOG_LEVEL: 'info', ...TELEMETRY }),
      },
      {
        name: SERVICES_CONFIG,
        literals: literals({
          EBB_UPSTREAM_TEMPLATE: UPSTREAM_TEMPLATE,
          EBB_GATEWAY_REPLICAS: String(replicas),
          EBB_START_TIMEOUT_MS: String(startTimeoutMs),
        }),
      },
    ],
  }
}

/** Off until an overlay names a collector. */
const TELEMETRY = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }

/** Where a Knative Service references a ConfigMap: kustomize knows this only of Kubernetes' own kinds. */
const REFERENCES = {
  nameReference: [
    {
      kind: 'ConfigMap',
      version: 'v1',
      fieldSpecs: [
        {
          group: 'serving.knative.dev',
          kind: 'Service',
          path: 'spec/template/spec/containers/envFrom/configMapRef/name',
        },
      ],
    },
  ],
}
