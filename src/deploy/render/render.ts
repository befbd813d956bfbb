import {
  type AnyContract,
  contractSet,
  describeDeployment,
  isFunction,
  type ResolvedDeployment,
} from '../../contract/index.ts'
import { STORES, type Store } from '../../kernel/index.ts'
import { chartAlerts } from './alerts.ts'
import type { Chart } from './chart.ts'
import { contractChecks } from './contract-checks.ts'
import { dashboards } from './dashboards/index.ts'
import { bake, skaffold } from './image-tools.ts'
import { knativeIssues } from './knative-service.ts'
import { kustomize, kustomizeIssues } from './kustomize.ts'
import { RenderError, unsupported, yamlFile } from './manifest.ts'
import { type OpenfaasEdition, openfaasIssues, openfaasStack } from './openfaas.ts'
import { type DeployedFunction, RESERVED_NAMES, RESERVED_SETTINGS, timeoutSecondsOf } from './platform.ts'
import { proxiesOf } from './proxies.ts'
import { type Sizing, sizingIssues } from './sizing.ts'
import { triggersOf } from './triggers.ts'

/** What is rendered, for how large a cluster. */
export interface RenderOptions extends Partial<Sizing> {
  /** The services that have images. */
  readonly services: readonly string[]
  /** The stores that each function uses. Default: all of them. */
  readonly uses?: Readonly<Record<string, readonly Store[]>>
  /** Default: `ce`, the Community Edition. */
  readonly openfaas?: OpenfaasEdition
  /** The numbers of the Helm chart, from readChart(). */
  readonly chart: Chart
}

/**
 * Renders the files that clusters and their tools need, by path in the checkout. The same contracts and options give the same
 * texts. Throws a RenderError with all that a target cannot express, and a ContractError if contracts contradict each other.
 */
export function render(
  contracts: Readonly<Record<string, AnyContract>>,
  { services, uses = {}, openfaas: edition = 'ce', chart, poolMax, maxConnections }: RenderOptions,
): Readonly<Record<string, string>> {
  contractSet(contracts, undefined)
  const functions = Object.values(contracts).filter(isFunction)
  const deployedFunctions = functions
    .map((contract) => ({ ...describeDeployment(contract), uses: uses[contract.name] ?? STORES }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const sizing: Sizing = {
    poolMax: poolMax ?? chart.allFunctions.poolMax,
    maxConnections: maxConnections ?? chart.postgres.maxConnections,
  }
  const issues = [
    ...deployedFunctions.flatMap((deployedFunction) => [
      ...nameIssues(deployedFunction),
      ...knativeIssues(deployedFunction),
    ]),
    ...openfaasIssues(deployedFunctions, { edition }),
    ...kustomizeIssues({ services }),
    ...sizingIssues(deployedFunctions, sizing, chart),
  ]
  if (issues.length > 0) throw new RenderError(issues)
  return {
    ...kustomize(deployedFunctions, { proxies: proxiesOf(contracts), services, sizing, chart }),
    'stack.yml': openfaasStack(deployedFunctions, { edition, poolMax: sizing.poolMax }),
    'skaffold.yaml': skaffold(deployedFunctions, { services }),
    'docker-bake.hcl': bake(deployedFunctions, { services }),
    'charts/ebb/functions.yaml': chartFunctions(deployedFunctions, contracts),
    'charts/ebb/alerts.yaml': chartAlerts(),
    ...dashboards(contracts),
  }
}

/** Names that the platform uses itself, on every target. */
function nameIssues({ name, secrets, signedBy = [] }: ResolvedDeployment): readonly string[] {
  const isReserved = RESERVED_NAMES.includes(name)
  const ofName = isReserved
    ? [unsupported(name, 'name', 'every cluster', 'has a part of the platform under this name')]
    : []
  const platforms = [...secrets, ...signedBy].filter(
    (secret) => RESERVED_SETTINGS.includes(secret) || /^(EBB|OTEL)_/.test(secret),
  )
  const ofSecrets = platforms.map((secret) =>
    unsupported(name, 'secrets', 'every cluster', `sets ${secret} by itself; give the secret another name`),
  )
  return [...ofName, ...ofSecrets]
}

/** charts/ebb/functions.yaml: what the chart reads of the functions and proxies, and what `helm test` asks them. */
function chartFunctions(
  deployedFunctions: readonly DeployedFunction[],
  contracts: Readonly<Record<string, AnyContract>>,
): string {
  const triggers = triggersOf(contracts)
  const functions = deployedFunctions.map(
    ({ name, kind, scale, timeoutMs, resources, uses, secrets, signedBy, egress, calls, change }) => {
      const trigger = triggers.get(name)
      const timeoutSeconds = timeoutSecondsOf(timeoutMs)
      const ofGateway = signedBy ? { signedBy } : {}
      const said = {
        ...{ kind, scale, timeoutMs, timeoutSeconds, resources, uses, secrets, ...ofGateway, egress },
        ...(calls.length > 0 ? { calls } : {}),
        ...(change === undefined ? {} : { change }),
      }
      return [name, trigger ? { ...said, trigger } : said]
    },
  )
  const proxies = proxiesOf(contracts).map(({ name, ...proxy }) => [name, proxy])
  return yamlFile([
    {
      functions: Object.fromEntries(functions),
      ...(proxies.length > 0 ? { proxies: Object.fromEntries(proxies) } : {}),
      checks: contractChecks(contracts),
    },
  ])
}
