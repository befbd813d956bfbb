import type { ResolvedDeployment } from '../../contract/index.ts'
import { type Manifest, unsupported, yamlFile } from './manifest.ts'
import { type DeployedFunction, STORE_SECRETS } from './platform.ts'

/** The edition of OpenFaaS that is rendered for: the Community Edition, or Pro. */
export type OpenfaasEdition = 'ce' | 'pro'

interface OpenfaasOptions {
  readonly edition: OpenfaasEdition
  readonly poolMax: number
}

const CE = { functions: 15, replicas: 5 }
/** Until OpenFaaS's gateway no longer routes to an instance that ends. */
const DRAIN_MS = 10_000
const OPENFAAS_SECRETS_FOLDER = '/var/openfaas/secrets'
/** The platform's secrets. Redis is none here: its address comes from faas-cli's environment, if at all. */
const PLATFORM = ['EBB_IDENTITY_JWKS', STORE_SECRETS.postgres, STORE_SECRETS.mail, STORE_SECRETS.objects]
const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/

/** stack.yml for `faas-cli deploy`, for the Community Edition, or for Pro, which scales to zero. */
export function openfaasStack(
  deployedFunctions: readonly DeployedFunction[],
  { edition, poolMax }: OpenfaasOptions,
): string {
  const functions = deployedThere(deployedFunctions).map((deployedFunction) => [
    deployedFunction.name,
    stackFunction(deployedFunction, edition, poolMax),
  ])
  const stack = {
    version: '1.0',
    provider: { name: 'openfaas', gateway: fromEnvironment('OPENFAAS_URL', 'http://127.0.0.1:8080') },
    functions: Object.fromEntries(functions),
  }
  return yamlFile([stack], { about: ABOUT[edition] })
}

/** Where a function is inside the cluster: by way of OpenFaaS's own gateway, which starts one of Pro that is at zero. */
const UPSTREAM_TEMPLATE = 'http://gateway.openfaas:8080/function/{name}'
const COMMON = `The same images as on Knative; push them where OpenFaaS can pull: EBB_REGISTRY, EBB_TAG. Secrets, once:
  faas-cli secret create ${PLATFORM.map(secretNameOf).join(' | ')} --from-file=FILE
Gateway and relay run beside it, with EBB_UPSTREAM_TEMPLATE=${UPSTREAM_TEMPLATE}.
OpenFaaS does not count the requests of one instance: each instance queues those over \`scale.concurrency\` itself.
`
const ABOUT: Readonly<Record<OpenfaasEdition, string>> = {
  ce: `${COMMON}For the Community Edition: at least one instance of each, ${CE.replicas} at most, even where \`scale.max\` allows more.
It asks the registry from a pod of its own, without a password, so that 127.0.0.1 is never that registry. It asks /_/health
alone, never /_/ready; its pods end 30 s after SIGTERM, whatever is on its way; and a deployment that it refused may be
reported as done: see \`faas-cli describe NAME\`.`,
  pro: `${COMMON}For OpenFaaS Pro.`,
}

function stackFunction(deployedFunction: DeployedFunction, edition: OpenfaasEdition, poolMax: number): Manifest {
  const { name, resources, uses, secrets, calls } = deployedFunction
  const own = (['postgres', 'mail', 'objects'] as const)
    .filter((store) => uses.includes(store))
    .map((store) => STORE_SECRETS[store])
  const all = ['EBB_IDENTITY_JWKS', ...own, ...secrets]
  const files = all.map((secret) => [`${secret}_FILE`, `${OPENFAAS_SECRETS_FOLDER}/${secretNameOf(secret)}`])
  return {
    image: `${fromEnvironment('EBB_REGISTRY', '127.0.0.1:5000')}/ebb/${name}:${fromEnvironment('EBB_TAG', 'dev')}`,
    skip_build: true,
    environment: {
      ...Object.fromEntries(files),
      // If set, caches are shared.
      ...(uses.includes('redis') ? { REDIS_URL: fromEnvironment('REDIS_URL') } : {}),
      ...(calls.length > 0 ? { EBB_UPSTREAM_TEMPLATE: UPSTREAM_TEMPLATE } : {}),
      EBB_POOL_MAX: String(poolMax),
      EBB_MAX_CONCURRENCY: String(deployedFunction.scale.concurrency),
      EBB_DRAIN_MS: String(DRAIN_MS),
      OTEL_TRACES_EXPORTER: fromEnvironment('OTEL_TRACES_EXPORTER', 'none'),
      OTEL_METRICS_EXPORTER: fromEnvironment('OTEL_METRICS_EXPORTER', 'none'),
      OTEL_EXPORTER_OTLP_ENDPOINT: fromEnvironment('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://localhost:4318'),
    },
    secrets: all.map(secretNameOf),
    labels: edition === 'pro' ? proLabels(deployedFunction.scale) : ceLabels(deployedFunction.scale),
    annotations: { 'com.openfaas.health.http.path': '/_/health', 'com.openfaas.ready.http.path': '/_/ready' },
    ...resources,
    readonly_root_filesystem: true,
  }
}

/** The Community Edition refuses other labels. A maximum may be lower than the contract's, a minimum may not. */
const ceLabels = ({ min, max }: ResolvedDeployment['scale']) => ({
  'com.openfaas.scale.min': String(Math.max(1, min)),
  'com.openfaas.scale.max': String(Math.min(CE.replicas, max)),
})

/** Counts requests in flight, as Knative does. */
const proLabels = ({ min, max, concurrency, target }: ResolvedDeployment['scale']) => ({
  'com.openfaas.scale.min': String(Math.max(1, min)),
  'com.openfaas.scale.max': String(max),
  'com.openfaas.scale.type': 'capacity',
  'com.openfaas.scale.target': String(target ?? concurrency),
  'com.openfaas.scale.target-proportion': target === undefined ? '0.7' : '1',
  'com.openfaas.scale.zero': String(min === 0),
  ...(min === 0 ? { 'com.openfaas.scale.zero-duration': '1m' } : {}),
})

/** Lists what functions ask for that this edition of OpenFaaS cannot do, one sentence each. */
export function openfaasIssues(
  deployedFunctions: readonly ResolvedDeployment[],
  { edition }: Pick<OpenfaasOptions, 'edition'>,
) {
  const all = deployedThere(deployedFunctions)
  const issues = all.flatMap((deployedFunction) => functionIssues(deployedFunction, edition))
  issues.push(...missingCallees(all))
  const over = edition === 'ce' ? all.slice(CE.functions).map(({ name }) => name) : []
  if (over.length === 0) return issues
  const why = `runs ${CE.functions} functions at most, and ${all.length} are for it: ${over.length} too many`
  const remedy = 'leave some out with `targets: { openfaas: false }`, or render for Pro with --openfaas pro'
  return [...issues, `functions/{${over.join(',')}}/contract.ts: targets.openfaas: OpenFaaS CE ${why}; ${remedy}`]
}

/** A function there that calls one that is not. */
const missingCallees = (all: readonly ResolvedDeployment[]): readonly string[] =>
  all.flatMap(({ name, calls }) =>
    calls
      .filter((callee) => !all.some((one) => one.name === callee))
      .map((callee) =>
        unsupported(name, 'calls', 'OpenFaaS', `does not run ${callee}; leave both out there, or neither`),
      ),
  )

function functionIssues(
  { name, scale, secrets, egress }: ResolvedDeployment,
  edition: OpenfaasEdition,
): readonly string[] {
  const target = edition === 'ce' ? 'OpenFaaS CE' : 'OpenFaaS'
  const leaveOut = '; leave it out there with `targets: { openfaas: false }`'
  const issues: string[] = []
  if (edition === 'ce' && scale.min > CE.replicas) {
    issues.push(
      unsupported(name, 'scale.min', target, `runs ${CE.replicas} instances at most, not ${scale.min}${leaveOut}`),
    )
  }
  if (edition === 'ce' && scale.target !== undefined) {
    issues.push(unsupported(name, 'scale.target', target, `refuses a function with a target${leaveOut}`))
  }
  if (egress.length > 0) {
    issues.push(unsupported(name, 'egress', target, `does not keep a function from calling other hosts${leaveOut}`))
  }
  for (const secret of secrets.filter((secret) => !LABEL.test(secretNameOf(secret)))) {
    issues.push(
      unsupported(
        name,
        'secrets',
        target,
        `cannot name a secret "${secretNameOf(secret)}", as it would name ${secret}`,
      ),
    )
  }
  return issues
}

/** A variable that faas-cli takes from its environment. */
const fromEnvironment = (name: string, otherwise = '') => `\${${name}:-${otherwise}}`

const deployedThere = <P extends ResolvedDeployment>(deployedFunctions: readonly P[]) =>
  deployedFunctions.filter(({ openfaas }) => openfaas)

/** OpenFaaS names secrets like host names. */
function secretNameOf(name: string) {
  return name.toLowerCase().replaceAll('_', '-')
}
