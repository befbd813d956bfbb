import { ConfigError } from '../../kernel/index.ts'
import { canaryNameOf } from '../../protocol/index.ts'
import type { Kubectl, KubernetesObject } from './kubectl.ts'
import { CANARY_ANNOTATION, type ClusterCanary, type Mover } from './mover.ts'

const DEPLOYMENTS = 'deployments.apps'
const NAME_LABEL = 'app.kubernetes.io/name'
const IMAGE_PATH = '/spec/template/spec/containers/0/image'

type Labels = Readonly<Record<string, string>>

interface Deployment extends KubernetesObject {
  readonly spec: {
    readonly replicas: number
    readonly selector: { readonly matchLabels: Labels }
    readonly template: {
      readonly metadata: { readonly labels: Labels }
      readonly spec: { readonly containers: readonly { readonly image: string }[] }
    }
  }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly availableReplicas?: number
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
  }
}

interface Service extends KubernetesObject {
  readonly spec: { readonly ports: readonly object[] }
}

interface NetworkPolicy extends KubernetesObject {
  readonly spec: object
}

/**
 * A canary is a second Deployment and its Service, called `canary-NAME`, with the network policies that name the function: on a cluster
 * without a mesh nothing but the gateway is between a caller and the Service of a function, and it is what chooses. What a later run has to know is on the Deployment.
 */
export function kubernetesMover(kubectl: Kubectl): Mover {
  const get = async (name: string) => {
    const found = await kubectl.find<Deployment>(DEPLOYMENTS, name)
    if (!found) throw new ConfigError(`there is no Deployment ${name} in this namespace.`)
    return found
  }
  const find = async (name: string): Promise<ClusterCanary | undefined> => {
    const found = await kubectl.find<Deployment>(DEPLOYMENTS, canaryNameOf(name))
    const text = found?.metadata.annotations?.[CANARY_ANNOTATION]
    // What this command has written.
    return text === undefined ? undefined : (JSON.parse(text) as ClusterCanary)
  }
  const untilRolledOut = (name: string) => kubectl.until<Deployment>(DEPLOYMENTS, name, isRolledOut)

  return {
    engine: 'kubernetes',
    find,
    async start(name, image) {
      if (!(await find(name))) {
        const [stable, service] = [await get(name), await kubectl.find<Service>('services', name)]
        if (!service) throw new ConfigError(`there is no Service ${name} in this namespace.`)
        // Those of a canary that has just ended still answer what comes by the connections that gateways have kept.
        await kubectl.untilGone('pods', `${NAME_LABEL}=${canaryNameOf(name)}`)
        const policies = await kubectl.list<NetworkPolicy>('networkpolicies.networking.k8s.io')
        await kubectl.apply([
          ...policies.filter((policy) => names(policy, name)).map((policy) => policyFor(policy, { name, stable })),
          serviceFor(service, { name, stable }),
          deploymentFor(stable, { name, image }),
        ])
      }
      await untilRolledOut(canaryNameOf(name))
    },
    async promote(name) {
      const canary = await find(name)
      if (!canary) throw new ConfigError(`there is no canary of ${name} in this namespace.`)
      await kubectl.patch(DEPLOYMENTS, name, [{ op: 'replace', path: IMAGE_PATH, value: canary.image }])
      await untilRolledOut(name)
    },
    async end(name) {
      // Its Service stays until the function goes: another one would have another address, and a canary that is started soon would be
      // asked for at the old one for as long as DNS answers are kept.
      const kinds = `${DEPLOYMENTS},networkpolicies.networking.k8s.io`
      await kubectl.remove(kinds, `${NAME_LABEL}=${canaryNameOf(name)}`)
      await kubectl.release(DEPLOYMENTS, name)
    },
  }
}

interface Of {
  readonly name: string
  readonly stable: Deployment
}

/** What belongs to a canary goes with the Deployment of the function. */
const metadataOf = ({ labels }: KubernetesObject['metadata'], called: string, { name, stable }: Of) => ({
  name: called,
  labels: { ...labels, [NAME_LABEL]: canaryNameOf(name) },
  ownerReferences: [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: stable.metadata.name, uid: stable.metadata.uid },
  ],
})

const renamed = (labels: Labels, name: string): Labels => ({ ...labels, [NAME_LABEL]: canaryNameOf(name) })

function deploymentFor(stable: Deployment, { name, image }: { readonly name: string; readonly image: string }) {
  const { metadata, spec } = stable
  const { template } = spec
  const [container, ...others] = template.spec.containers
  const canary: ClusterCanary = { image, stable: container?.image ?? '' }
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
    metadata: {
      ...metadataOf(metadata, canaryNameOf(name), { name, stable }),
      annotations: { [CANARY_ANNOTATION]: JSON.stringify(canary) },
    },
    spec: {
      ...spec,
      // At most half of the callers come to it.
      replicas: Math.max(1, Math.ceil(spec.replicas / 2)),
      selector: { matchLabels: renamed(spec.selector.matchLabels, name) },
      template: {
        metadata: { ...template.metadata, labels: renamed(template.metadata.labels, name) },
        spec: { ...template.spec, containers: [{ ...container, image }, ...others] },
      },
    },
  }
}

/** With KEDA the Service of a function leads to an interceptor, and that of its canary, at the same port, to the pods, of which there is always one. */
const serviceFor = ({ metadata, spec: { ports } }: Service, of: Of) => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: metadataOf(metadata, canaryNameOf(of.name), of) },
  spec: { selector: renamed(of.stable.spec.selector.matchLabels, of.name), ports },
})

const mark = (name: string) => JSON.stringify({ [NAME_LABEL]: name }).slice(1, -1)
const names = ({ spec }: NetworkPolicy, name: string) => JSON.stringify(spec).includes(mark(name))

/** What the function may call, and what may call it, the canary may as well. */
const policyFor = ({ metadata, spec }: NetworkPolicy, of: Of) => ({
  ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  metadata: metadataOf(metadata, canaryNameOf(metadata.name), of),
  spec: JSON.parse(JSON.stringify(spec).replaceAll(mark(of.name), mark(canaryNameOf(of.name)))),
})

/** Whether all pods are of the new template, and available. Throws where that takes longer than it may. */
function isRolledOut({ metadata, spec, status }: Deployment): boolean {
  if (status?.observedGeneration !== metadata.generation) return false
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing')
  if (progressing?.status === 'False') throw new ConfigError(`${metadata.name} does not start: ${progressing.message}`)
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status
  return updatedReplicas === spec.replicas && availableReplicas === spec.replicas && replicas === spec.replicas
}
