import { randomBytes } from 'node:crypto'
import { untilTrue } from '../support/until.ts'
import type { Context } from './context.ts'
import { isReady } from './kubectl.ts'
import { deployStack, removeStack } from './openfaas/deploy-stack.ts'
import { runCommand } from './run-command.ts'

/** The chart of the project that is installed. */
export const chartOf = ({ project }: Pick<Context, 'project'>) => `${project}/charts/ebb`
/** What contracts name as secrets. */
export const FUNCTION_SECRETS = 'conformance'
const READY_MS = 300_000
const INGRESSES = ['kourier-system', 'knative-ingress', 'istio-system', 'contour-internal']

/** An empty namespace that admits only what is `restricted`. */
export async function makeNamespace({ options, kubectl }: Context) {
  if (options.reuse) return
  const gone = ['delete', 'namespace', options.namespace, '--ignore-not-found', '--timeout=180s']
  await kubectl.text(gone, { limitMs: 200_000 })
  if (options.engine === 'openfaas') await removeStack()
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' }
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: options.namespace, labels } }
  await kubectl.text(['apply', '--filename', '-'], { input: JSON.stringify(namespace) })
  const stringData = { CONFORMANCE_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}` }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: FUNCTION_SECRETS }, stringData }
  await kubectl.text(['apply', '--filename', '-'], { input: JSON.stringify(secret) })
}

/** Installs the chart, and waits until all is ready. */
export async function install(context: Context, more: readonly string[] = []) {
  const { options } = context
  if (options.reuse && (await helm(context, ['list', '--short'])).includes(options.release)) return
  await helm(context, ['install', options.release, chartOf(context), ...(await values(context, options.tag)), ...more])
  await untilReady(context)
  if (options.engine === 'openfaas') await deployStack(context, FUNCTION_SECRETS)
}

/** The values that this cluster needs, for images of one tag. */
export async function values(context: Context, tag: string): Promise<readonly string[]> {
  const { options } = context
  const words = ['--values', `${chartOf(context)}/values-small.yaml`, '--set', `engine=${options.engine}`]
  words.push('--set', `functionSecrets.existingSecret=${FUNCTION_SECRETS}`)
  words.push('--set', `image.registry=${options.registry}`, '--set', `image.tag=${tag}`)
  if (options.engine !== 'knative') return words
  return [
    ...[...words, '--set', `knative.ingressNamespaces={${await ingressOf(context)}}`],
    ...['--set', `knative.ingressPorts={${options.ingressPort}}`],
  ]
}

/** The namespace of Knative's ingress. */
export async function ingressOf({ options, kubectl }: Context): Promise<string> {
  const namespaces = (await kubectl.text(['get', 'namespaces', '--output', 'name'])).split('\n')
  return options.ingress ?? INGRESSES.find((name) => namespaces.includes(`namespace/${name}`)) ?? ''
}

/** Helm in the namespace of the run. */
export const helm = ({ options }: Context, words: readonly string[], limitMs = 600_000) =>
  runCommand('helm', ['--namespace', options.namespace, ...words], { limitMs })

/** Waits until every function and every part is ready, and migrations are through. */
export async function untilReady(context: Context, limitMs = READY_MS) {
  let missing = ['all']
  const look = async () => {
    missing = await notReady(context)
    return missing.length === 0
  }
  await untilTrue(look, { limitMs, what: 'the install' }).catch((error: Error) => {
    throw new Error(`${error.message}; not ready: ${missing.join(', ')}`)
  })
}

async function notReady({ kubectl, options }: Context): Promise<string[]> {
  const parts = (await kubectl.list('deployments,statefulsets')).filter(({ spec, status, metadata }) => {
    const isRevision = metadata.labels?.['serving.knative.dev/revision'] !== undefined
    return !isRevision && (status?.readyReplicas ?? 0) !== (spec.replicas ?? 1)
  })
  const services = options.engine === 'knative' ? await kubectl.list('services.serving.knative.dev') : []
  const late = services.filter((service) => !isReady(service))
  return [...parts, ...late].map(({ kind, metadata }) => `${kind} ${metadata.name}`)
}
