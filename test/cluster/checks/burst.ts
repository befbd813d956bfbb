import { newBatch, newCaller, writeEntry } from '../callers.ts'
import { watchPods } from '../cold-start.ts'
import type { Check } from '../context.ts'
import { untilZero } from './scale-to-zero.ts'

const NAME = 'conformance-write'
const CALLS = 200
const CALLERS = 10

/** Many requests at once for a function at zero: all answered, by no more pods than it may have. */
export const burst: Check = {
  name: 'a burst of 200 on a function at zero',
  run: async (context) => {
    const { kubectl, options } = context
    const callers = await Promise.all(Array.from({ length: CALLERS }, () => newCaller(context)))
    const batch = newBatch()
    if (options.engine !== 'kubernetes') await untilZero(kubectl, NAME)
    const watch = watchPods(options.namespace, `app.kubernetes.io/name=${NAME},app.kubernetes.io/component=function`)
    const beganAt = Date.now()
    const answers = await Promise.all(
      Array.from({ length: CALLS }, async (_, i) => {
        const response = await writeEntry(callers[i % CALLERS] as (typeof callers)[number], batch)
        const text = await response.text()
        return { status: response.status, text, ms: Date.now() - beganAt }
      }),
    ).finally(watch.close)
    const bad = answers.filter(({ status }) => status !== 201)
    const pods = new Set(watch.seen.map(({ pod }) => pod.metadata.uid)).size
    const max = await maxOf(context)
    const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b)
    const figures = `${CALLS - bad.length} of ${CALLS} answered 201 by ${pods} pods of at most ${max}; first after ${times[0]} ms, last after ${times.at(-1)} ms`
    if (bad.length > 0) throw new Error(`${figures}; ${bad[0]?.status} ${bad[0]?.text}`)
    if (pods > max) throw new Error(figures)
    return figures
  },
}

async function maxOf({ kubectl, options }: Parameters<Check['run']>[0]): Promise<number> {
  if (options.engine === 'kubernetes') {
    const hpas = await kubectl.list('horizontalpodautoscalers')
    const mine = hpas.find(({ metadata }) => metadata.name.endsWith(NAME))
    return Number(mine?.spec.maxReplicas)
  }
  if (options.engine === 'keda') return Number((await kubectl.get('scaledobjects.keda.sh', NAME)).spec.maxReplicaCount)
  const { spec } = await kubectl.get('services.serving.knative.dev', NAME)
  // A Knative Service's.
  const { template } = spec as { template: { metadata: { annotations: Record<string, string> } } }
  return Number(template.metadata.annotations['autoscaling.knative.dev/max-scale'])
}
