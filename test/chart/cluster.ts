import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KNATIVE, type Manifest, ofKind } from './helm.ts'

/** By API group and version; its plural is regular. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  v1: ['ConfigMap', 'Namespace', 'Pod', 'Secret', 'Service', 'ServiceAccount'],
  'apps/v1': ['Deployment', 'StatefulSet'],
  'autoscaling/v2': ['HorizontalPodAutoscaler'],
  'batch/v1': ['Job'],
  'eventing.knative.dev/v1': ['Broker', 'Trigger'],
  'gateway.networking.k8s.io/v1': ['HTTPRoute'],
  'networking.k8s.io/v1': ['NetworkPolicy'],
  'policy/v1': ['PodDisruptionBudget'],
  [KNATIVE]: ['Service'],
}
const NAMESPACES = ['kube-system', 'knative-serving', 'kourier-system']

interface ClusterOptions {
  readonly namespaces?: readonly string[]
  readonly mayReadNamespaces?: boolean
}

/** Without these Helm would take what is there for another release's. */
const HELMS = { 'meta.helm.sh/release-name': 'ebb', 'meta.helm.sh/release-namespace': 'default' }

/**
 * As much of an API server as Helm asks for the Secrets and namespaces of a cluster: these, and no others. Knative's API is
 * there. Answers the flags with which Helm renders for it.
 */
export async function startCluster(
  manifests: readonly Manifest[],
  { namespaces = NAMESPACES, mayReadNamespaces = true }: ClusterOptions = {},
) {
  let secrets = ofKind(manifests, 'Secret')
  const answerTo = (path: string): object | undefined => {
    const secret = secrets.find(({ metadata }) => path === `/api/v1/namespaces/default/secrets/${metadata.name}`)
    if (secret) return { ...secret, metadata: { ...secret.metadata, namespace: 'default', annotations: HELMS } }
    // A namespace that is not there yet has a list as well.
    const [, namespace] = /^\/api\/v1\/namespaces\/([^/]+)\/secrets$/.exec(path) ?? []
    const items = namespace === 'default' ? secrets : []
    if (namespace) return { kind: 'SecretList', apiVersion: 'v1', items }
    const [, name] = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path) ?? []
    if (name && !mayReadNamespaces) return refusalOf(name)
    if (name && namespaces.includes(name)) return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
    return path === '/version' ? { major: '1', minor: '34', gitVersion: 'v1.34.4' } : discover(path)
  }
  const server = createServer((request, response) => {
    const answer = answerTo(request.url?.split('?', 1)[0] ?? '')
    const none = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }
    response.writeHead(Object(answer ?? none).code ?? 200, { 'content-type': 'application/json', connection: 'close' })
    response.end(JSON.stringify(answer ?? none))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  // A server that listens on a port has an address.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    flags: ['--dry-run=server', '--disable-openapi-validation', '--kube-apiserver', url],
    /** From now on it has these in their place. */
    hold: (others: readonly Manifest[]) => {
      secrets = ofKind(others, 'Secret')
    },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

const refusalOf = (name: string) => ({
  ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403 },
  message: `namespaces "${name}" is forbidden`,
})

function discover(path: string): object | undefined {
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] }
  if (path === '/apis') {
    const groups = Object.keys(KINDS).filter((groupVersion) => groupVersion !== 'v1')
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(group) }
  }
  const groupVersion = path.replace(/^\/apis?\//, '')
  const resources = KINDS[groupVersion]?.map((kind) => {
    const name = `${kind.toLowerCase().replace(/y$/, 'ie')}s`
    return { name, singularName: '', namespaced: kind !== 'Namespace', kind, verbs: ['get', 'list'] }
  })
  return resources && { kind: 'APIResourceList', groupVersion, resources }
}

function group(groupVersion: string) {
  const [name, version] = groupVersion.split('/')
  return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } }
}
