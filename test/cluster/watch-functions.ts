import { watchPods } from './cold-start.ts'
import type { Context } from './context.ts'

/** The pods of functions, as the cluster tells of them. */
export function watchFunctions({ options }: Context) {
  const { seen, close } = watchPods(options.namespace, 'app.kubernetes.io/component=function')
  const eventsOf = (name: string) => seen.filter(({ pod }) => pod.metadata.labels?.['app.kubernetes.io/name'] === name)
  return {
    close,
    /** How many there have been of a function. */
    everOf: (name: string) => new Set(eventsOf(name).map(({ pod }) => pod.metadata.uid)).size,
    of: (name: string) => {
      const there = new Set<string>()
      for (const { type, pod } of eventsOf(name)) {
        if (type === 'DELETED') there.delete(pod.metadata.uid)
        else there.add(pod.metadata.uid)
      }
      return there
    },
  }
}
