import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { untilTrue } from '../../support/until.ts'
import type { Context } from '../context.ts'
import { type KubernetesObject, kubectlIn } from '../kubectl.ts'

/** Where `up` installs OpenFaaS, and where functions are. */
const [SYSTEM, FUNCTIONS] = ['openfaas', 'openfaas-fn']
const READY_MS = 300_000
/** As values-small.yaml has it: the node of a test cluster has two cores. */
const REQUESTS = { cpu: '10m', memory: '64Mi' }

/** A function of stack.yml, as far as it is rendered for the Community Edition. */
interface StackFunction {
  readonly image: string
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly limits?: object
  readonly readonly_root_filesystem: boolean
}

/** What runs there, in words. */
export const openfaasVersions = async () =>
  (await kubectlIn(SYSTEM).get('deployment', 'gateway')).metadata.annotations?.versions ?? ''

/** kubectl where OpenFaaS has the functions. */
export const openfaasFunctions = () => kubectlIn(FUNCTIONS)

/**
 * Makes the secrets that the head of stack.yml names, and deploys its functions: the requests to OpenFaaS' gateway that
 * `faas-cli secret create` and `faas-cli deploy` send.
 */
export async function deployStack(
  { project, options, kubectl, log }: Context,
  /** The Secret of what contracts name. */
  functionSecrets: string,
): Promise<void> {
  const ip = await kubectlIn(SYSTEM).text(['get', 'service', 'gateway', '--output', 'jsonpath={.spec.clusterIP}'])
  const ask = async (method: string, path: string, body?: object) => {
    const request = {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }
    const response = await fetch(`http://${ip}:8080/system/${path}`, request)
    if (!response.ok)
      throw new Error(`OpenFaaS answers ${response.status} to ${method} ${path}: ${await response.text()}`)
    return response
  }
  const { release, namespace } = options
  // From another namespace a Service has its namespace in its name.
  const reachable = (url: string) => url.replace(/@([^@/:]+):/, `@$1.${namespace}.svc:`)
  const secrets: Readonly<Record<string, string>> = {
    'database-url': reachable(await kubectl.secret(`${release}-postgres-functions`, 'url')),
    'conformance-webhook-secret': await kubectl.secret(functionSecrets, 'CONFORMANCE_WEBHOOK_SECRET'),
    'ebb-identity-jwks': await kubectl.secret(`${release}-identity`, 'public\\.jwks'),
  }
  for (const name of ((await (await ask('GET', 'secrets')).json()) as { name: string }[]).map(({ name }) => name))
    await ask('DELETE', 'secrets', { name, namespace: FUNCTIONS })
  for (const [name, value] of Object.entries(secrets))
    await ask('POST', 'secrets', { name, value, namespace: FUNCTIONS })

  const env: Readonly<Record<string, string | undefined>> = {
    ...{ EBB_REGISTRY: options.registry, EBB_TAG: options.tag },
    REDIS_URL: reachable(await kubectl.secret(`${release}-redis`, 'url')),
  }
  // As faas-cli does with its environment.
  const text = (await readFile(join(project, 'stack.yml'), 'utf8')).replaceAll(
    /\$\{(\w+):-(.*?)\}/g,
    (_, name: string, otherwise: string) => env[name] ?? otherwise,
  )
  const { functions } = parse(text) as { readonly functions: Readonly<Record<string, StackFunction>> }
  for (const [service, { image, environment, readonly_root_filesystem, ...rest }] of Object.entries(functions)) {
    const fn = { ...rest, service, image, envVars: environment, namespace: FUNCTIONS, requests: REQUESTS }
    await ask('POST', 'functions', { ...fn, readOnlyRootFilesystem: readonly_root_filesystem })
  }
  log(`deployed ${Object.keys(functions).length} functions on OpenFaaS`)
  const isUp = ({ spec, status }: KubernetesObject) => (status?.readyReplicas ?? 0) >= Number(spec.replicas)
  const allReady = async () => (await openfaasFunctions().list('deployments')).every(isUp)
  await untilTrue(allReady, { limitMs: READY_MS, what: 'the functions on OpenFaaS' })
}

/** Takes away the functions of an earlier run, which have its namespace's stores. */
export async function removeStack(): Promise<void> {
  await openfaasFunctions().text(['delete', 'deployments,services,secrets', '--all', '--timeout=120s'], {
    limitMs: 130_000,
  })
}
