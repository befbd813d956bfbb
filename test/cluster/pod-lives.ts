import { pricePerSecond, sizeOf } from '../../src/contract/index.ts'
import { prices } from './domain/prices.ts'
import type { KubernetesObject } from './kubectl.ts'
import type { ContainerUse } from './watch-kubelet.ts'

/** What one container of a pod was, from its start to its end. */
export interface PodLife {
  /** Of its function. */
  readonly name: string
  readonly seconds: number
  /** What it has cost by what it reserved, in units of the currency. */
  readonly cost: number
  readonly use: ContainerUse
}

/** What this file reads of a pod, as the API server has it. */
interface Pod {
  readonly metadata: KubernetesObject['metadata']
  readonly spec: {
    readonly containers: readonly {
      readonly name: string
      readonly resources: { readonly requests: { readonly cpu: string; readonly memory: string } }
    }[]
  }
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly name: string
      readonly restartCount: number
      readonly state: { readonly terminated?: { readonly finishedAt: string } }
    }[]
  }
}

/** The end of a container is cut to whole seconds, so on average it came half a second later. */
const CUT_SECONDS = 0.5

/** How long the container of each pod has run, by the kubelets. Throws where one was not seen from its start to its end. */
export function livesOf(
  seen: readonly KubernetesObject[],
  container: string,
  used: ReadonlyMap<string, ContainerUse>,
): readonly PodLife[] {
  const endOf = ({ status }: Pod) => status.containerStatuses?.find(({ name }) => name === container)
  const last = new Map<string, Pod>()
  // A pod that is deleted comes once more, as it was before: the word with an end in it counts.
  // What it reads is what every pod has.
  for (const pod of seen as readonly (KubernetesObject & Pod)[])
    if (endOf(pod)?.state.terminated || !last.has(pod.metadata.name)) last.set(pod.metadata.name, pod)
  return [...last.values()].map((pod) => {
    const { name, labels } = pod.metadata
    const [{ state, restartCount = 0 } = {}, use] = [endOf(pod), used.get(name)]
    if (!state?.terminated || !use || restartCount > 0)
      throw new Error(`${name} was not seen from its start to its end, or started anew`)
    const seconds = Date.parse(state.terminated.finishedAt) / 1_000 + CUT_SECONDS - use.startedAt
    const { requests } = pod.spec.containers.find((one) => one.name === container)?.resources ?? {}
    const perSecond = pricePerSecond(sizeOf(requests ?? { cpu: '0', memory: '0' }), prices)
    return { name: labels?.['app.kubernetes.io/name'] ?? '', seconds, cost: seconds * perSecond, use }
  })
}
