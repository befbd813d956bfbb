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
      readonly state: {
        readonly running?: object
        readonly terminated?: { readonly startedAt: string; readonly finishedAt: string }
      }
    }[]
  }
}

/** Times of a pod's status are cut to whole seconds, so on average they were half a second later. */
const CUT_SECONDS = 0.5
const secondsOf = (time: string) => Date.parse(time) / 1_000 + CUT_SECONDS

/** How long the container of each pod has run, by the kubelets. Throws where one was not seen to its end, or started anew. */
export function livesOf(
  seen: readonly KubernetesObject[],
  container: string,
  used: ReadonlyMap<string, ContainerUse>,
): readonly PodLife[] {
  const statusOf = ({ status }: Pod) => status.containerStatuses?.find(({ name }) => name === container)
  const last = new Map<string, Pod>()
  // What it reads is what every pod has. One that is deleted may come once more, as it was before its end.
  for (const pod of seen as readonly (KubernetesObject & Pod)[]) {
    const { running, terminated } = statusOf(pod)?.state ?? {}
    if (terminated || (running && !last.has(pod.metadata.name))) last.set(pod.metadata.name, pod)
  }
  return [...last.values()].map((pod) => {
    const { name, labels } = pod.metadata
    const { state: { terminated } = {}, restartCount = 0 } = statusOf(pod) ?? {}
    if (!terminated || restartCount > 0)
      throw new Error(`${name} ${terminated ? 'started anew' : 'was not seen to end'}`)
    const use = used.get(name) ?? { startedAt: 0, cpuSeconds: 0, memoryBytes: 0 }
    const seconds = secondsOf(terminated.finishedAt) - (use.startedAt || secondsOf(terminated.startedAt))
    const { requests } = pod.spec.containers.find((one) => one.name === container)?.resources ?? {}
    const perSecond = pricePerSecond(sizeOf(requests ?? { cpu: '0', memory: '0' }), prices)
    return { name: labels?.['app.kubernetes.io/name'] ?? '', seconds, cost: seconds * perSecond, use }
  })
}
