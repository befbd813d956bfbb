import { findAllowedTraffic, policyOf } from './allowed-traffic.ts'
import { type Manifest, ofKind } from './helm.ts'
import { type Container, type Pod, podsOf, secretFilesOf } from './pods.ts'

/** What these manifests say, each thing by its path: `gateway pod.terminationGracePeriodSeconds`. */
export type ManifestProperties = ReadonlyMap<string, string>

/** Labels that only Helm sets. */
const HELM_LABELS = /^(app\.kubernetes\.io\/(instance|version|managed-by)|helm\.sh\/chart)$/
const COMPARED_ELSEWHERE = ['NetworkPolicy', 'ConfigMap', 'Secret']

/**
 * What manifests say, in one form for chart and k8s/: objects by the part that they are for, containers and what is in them by
 * their names, settings with what their ConfigMaps hold, secrets by the file that they are, policies by what they allow.
 */
export function flattenManifests(manifests: readonly Manifest[]): ManifestProperties {
  const facts = new Map<string, string>()
  for (const manifest of manifests.filter(({ kind }) => !COMPARED_ELSEWHERE.includes(kind))) {
    const { template: _template, ...spec } = manifest.spec ?? {}
    const { name, labels = {}, annotations } = manifest.metadata
    const kind = manifest.apiVersion.startsWith('serving') ? 'KnativeService' : manifest.kind
    add(facts, `${labels['app.kubernetes.io/name'] ?? name} ${kind}`, plain({ labels, annotations, ...spec }))
  }
  const policies = ofKind(manifests, 'NetworkPolicy').map(policyOf)
  for (const pod of podsOf(manifests)) {
    const part = pod.labels['app.kubernetes.io/name'] ?? ''
    for (const [what, value] of Object.entries(ofPod(pod, manifests))) add(facts, `${part} ${what}`, plain(value))
    const { from, to } = findAllowedTraffic(policies, pod.labels)
    for (const arrow of [...from.map((who) => `from ${who}`), ...to.map((who) => `to ${who}`)]) {
      facts.set(`${part} network ${arrow}`, 'allowed')
    }
  }
  return facts
}

function ofPod(pod: Pod, manifests: readonly Manifest[]) {
  const { containers, volumes, ...spec } = pod.spec
  const [{ name: _name, image = '', ports = [], volumeMounts = [], ...container } = {} as Container] = containers
  const { labels, annotations } = pod
  const secrets = Object.fromEntries(Object.keys(secretFilesOf(pod)).map((path) => [path, 'a file']))
  return {
    pod: { labels, annotations, ...spec, secrets, volumes: byName(volumes.filter(({ projected }) => !projected)) },
    container: {
      ...container,
      ...{
        image: image.replace(/^.*\//, '').replace(/:.*/, ''),
        ports: byName(ports),
        volumeMounts: byName(volumeMounts),
      },
      envFrom: undefined,
      env: envOf(container, manifests),
    },
  }
}

const byName = (list: readonly { readonly name: string }[]) =>
  Object.fromEntries(list.map(({ name, ...what }) => [name, what]))

function envOf({ env = [], envFrom }: Pick<Container, 'env' | 'envFrom'>, manifests: readonly Manifest[]) {
  // What these manifests have there are references to ConfigMaps.
  const names = ((envFrom ?? []) as { configMapRef: { name: string } }[]).map(({ configMapRef }) => configMapRef.name)
  const shared = names.map(
    (name) => ofKind(manifests, 'ConfigMap').find(({ metadata }) => metadata.name === name)?.data,
  )
  return Object.assign({}, ...shared, ...env.map(({ name, value, valueFrom }) => ({ [name]: value ?? valueFrom })))
}

/** Without Helm's labels, and with names in order. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!(value instanceof Object)) return value
  const own = Object.entries(value).filter(([name, inner]) => !HELM_LABELS.test(name) && inner !== undefined)
  return Object.fromEntries(own.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, plain(inner)]))
}

function add(facts: Map<string, string>, path: string, value: unknown) {
  const inner = value instanceof Object && !Array.isArray(value) ? Object.entries(value) : []
  if (inner.length === 0 && !path.endsWith('annotations')) facts.set(path, JSON.stringify(value))
  for (const [name, what] of inner) add(facts, `${path}.${name.replace(/^.*\//, '')}`, what)
}
