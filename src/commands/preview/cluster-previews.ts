import { type KubernetesObject, openKubectl } from '../canary/kubectl.ts'
import { EXPIRES, previewOfNamespace } from './preview-namespace.ts'
import { KNATIVE_SERVICES, type KnativeService } from './start-preview.ts'
import { previewNamespaces } from './stop-preview.ts'

export interface ClusterPreview {
  readonly name: string
  readonly namespace: string
  /** Empty while it has none yet. */
  readonly url: string
  /** Those that run. */
  readonly pods: number
  readonly expiresAt: string
}

interface Pod extends KubernetesObject {
  readonly status?: { readonly phase?: string }
}

/** The previews of the cluster. */
export async function clusterPreviews(): Promise<readonly ClusterPreview[]> {
  const namespaces = await previewNamespaces()
  return Promise.all(
    namespaces.map(async (found) => {
      const namespace = found.metadata.name
      const kubectl = openKubectl({ namespace })
      const gateway = await kubectl.find<KnativeService>(KNATIVE_SERVICES, 'ebb-gateway')
      const pods = (await kubectl.list<Pod>('pods')).filter(({ status }) => status?.phase !== 'Succeeded')
      return {
        ...{ name: previewOfNamespace(found) ?? '', namespace, url: gateway?.status?.url ?? '', pods: pods.length },
        expiresAt: found.metadata.annotations?.[EXPIRES] ?? '',
      }
    }),
  )
}
