import type { Context } from './context.ts'
import { runCommand } from './run-command.ts'

/** What the kubelets say of a container, by their cAdvisor. */
export interface ContainerUse {
  /** When its container was made, in seconds since 1970: what a pod's status says is cut to whole ones. */
  readonly startedAt: number
  readonly cpuSeconds: number
  /** At most, of those that were asked for. */
  readonly memoryBytes: number
}

const EVERY_MS = 5_000
const METRIC = /^container_(start_time_seconds|cpu_usage_seconds_total|memory_working_set_bytes)\{([^}]*)\} (\S+)/gm

/** Asks the kubelets of all nodes now and then, by the API server. They forget a container with its pod: what was seen stays here. */
export function watchKubelet({ options }: Context, container: string) {
  const seen = new Map<string, ContainerUse>()
  const raw = (path: string) => runCommand('kubectl', ['get', '--raw', path])
  const ask = async () => {
    const names = (
      await runCommand('kubectl', ['get', 'nodes', '--output', 'jsonpath={.items[*].metadata.name}'])
    ).split(' ')
    const texts = await Promise.all(names.map((name) => raw(`/api/v1/nodes/${name}/proxy/metrics/resource`)))
    for (const text of texts)
      for (const [, metric, labels = '', value] of text.matchAll(METRIC)) {
        if (!labels.includes(`container="${container}"`) || !labels.includes(`namespace="${options.namespace}"`))
          continue
        const [, pod = ''] = /pod="([^"]*)"/.exec(labels) ?? []
        const before = seen.get(pod) ?? { startedAt: 0, cpuSeconds: 0, memoryBytes: 0 }
        const now = Number(value)
        seen.set(pod, {
          startedAt: metric === 'start_time_seconds' ? now : before.startedAt,
          cpuSeconds: Math.max(before.cpuSeconds, metric === 'cpu_usage_seconds_total' ? now : 0),
          memoryBytes: Math.max(before.memoryBytes, metric === 'memory_working_set_bytes' ? now : 0),
        })
      }
  }
  let asked: Promise<unknown> = Promise.resolve()
  // One at a time: a busy API server is not asked for more.
  const timer = setInterval(() => {
    asked = asked.then(ask).catch(() => {})
  }, EVERY_MS)
  return {
    seen: seen as ReadonlyMap<string, ContainerUse>,
    close: () => {
      clearInterval(timer)
      return asked
    },
  }
}
