import { ConfigError } from '../../kernel/index.ts'
import type { Kubectl, KubernetesObject } from './kubectl.ts'
import { CANARY_ANNOTATION, CANARY_PATH, type ClusterCanary, type Mover } from './mover.ts'

const KIND = 'services.serving.knative.dev'
const IMAGE_PATH = '/spec/template/spec/containers/0/image'
const TRAFFIC_PATH = '/spec/traffic'
const TAG = 'canary'

interface Traffic {
  readonly revisionName?: string
  readonly latestRevision?: boolean
  readonly percent?: number
  readonly tag?: string
}

interface KnativeService extends KubernetesObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } }
    readonly traffic?: readonly Traffic[]
  }
  readonly status?: {
    readonly observedGeneration?: number
    readonly latestCreatedRevisionName?: string
    readonly latestReadyRevisionName?: string
    readonly traffic?: readonly Traffic[]
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
  }
}

interface KnativeCanary extends ClusterCanary {
  /** The revision that has all callers who do not come by the tag. */
  readonly revision: string
}

/** The latest revision has all traffic, as in the chart. */
const LATEST: readonly Traffic[] = [{ latestRevision: true, percent: 100 }]

/**
 * A canary is the latest revision, behind a tag and without a share of its own: Knative makes `canary-NAME` of the tag, and the gateway
 * sends callers there, since Knative would choose anew for each request. All that a later run has to know is on the Service.
 */
export function knativeMover(kubectl: Kubectl): Mover {
  const get = async (name: string) => {
    const found = await kubectl.find<KnativeService>(KIND, name)
    if (!found) throw new ConfigError(`there is no Knative Service ${name} in this namespace.`)
    return found
  }
  const untilReady = (name: string, look: (service: KnativeService) => boolean = () => true) =>
    kubectl.until<KnativeService>(KIND, name, (service) => isReady(service) && look(service))

  return {
    engine: 'knative',
    find: async (name) => canaryOf(await get(name)),
    async start(name, image) {
      const service = await get(name)
      if (!canaryOf(service)) {
        const revision = service.status?.traffic?.find(({ percent }) => percent === 100)?.revisionName
        if (revision === undefined)
          throw new ConfigError(`its traffic is split already; give one revision of ${name} all of it first.`)
        const canary: KnativeCanary = { image, stable: imageOf(service), revision }
        await kubectl.patch(KIND, name, [
          { op: 'test', path: IMAGE_PATH, value: canary.stable },
          // A Service always has annotations: who created it is one.
          { op: 'add', path: CANARY_PATH, value: JSON.stringify(canary) },
          { op: 'replace', path: IMAGE_PATH, value: image },
          { op: 'add', path: TRAFFIC_PATH, value: besides(revision) },
        ])
      }
      await untilReady(name, ({ status }) =>
        Boolean(
          status?.traffic?.some(
            ({ tag, revisionName }) => tag === TAG && revisionName === status.latestReadyRevisionName,
          ),
        ),
      )
    },
    async promote(name) {
      await kubectl.patch(KIND, name, [{ op: 'add', path: TRAFFIC_PATH, value: [{ ...LATEST[0], tag: TAG }] }])
      await untilReady(name)
    },
    async end(name) {
      const service = await get(name)
      const canary = canaryOf(service)
      if (canary && !isPromoted(service)) {
        // Without the tag, and with the old image: the revision that has all traffic keeps it until that of the old image is ready again.
        await kubectl.patch(KIND, name, [
          { op: 'replace', path: IMAGE_PATH, value: canary.stable },
          { op: 'add', path: TRAFFIC_PATH, value: [{ revisionName: canary.revision, percent: 100 }] },
        ])
        await untilReady(name)
      }
      if (canary) {
        await kubectl.patch(KIND, name, [
          { op: 'add', path: TRAFFIC_PATH, value: LATEST },
          { op: 'remove', path: CANARY_PATH },
        ])
        await untilReady(name)
      }
      // Also where an earlier run was interrupted before it.
      await kubectl.release(KIND, name)
    },
  }
}

const besides = (revisionName: string): readonly Traffic[] => [
  { revisionName, percent: 100 },
  { latestRevision: true, percent: 0, tag: TAG },
]

const imageOf = ({ spec }: KnativeService) => spec.template.spec.containers[0]?.image ?? ''

const isPromoted = ({ spec }: KnativeService) =>
  spec.traffic?.some(({ tag, percent }) => tag === TAG && percent === 100)

function canaryOf({ metadata }: KnativeService): KnativeCanary | undefined {
  const text = metadata.annotations?.[CANARY_ANNOTATION]
  // What this command has written.
  return text === undefined ? undefined : (JSON.parse(text) as KnativeCanary)
}

/** Whether its latest revision, and the way to it, are ready. Throws where that revision cannot start. */
function isReady({ metadata, status }: KnativeService): boolean {
  if (status?.observedGeneration !== metadata.generation) return false
  const of = (type: string) => status.conditions?.find((condition) => condition.type === type)
  const configured = of('ConfigurationsReady')
  if (configured?.status === 'False') throw new ConfigError(`the new revision does not start: ${configured.message}`)
  return of('Ready')?.status === 'True' && status.latestCreatedRevisionName === status.latestReadyRevisionName
}
