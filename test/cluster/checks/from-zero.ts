import { newCaller, newProduct, placeOrder } from '../callers.ts'
import type { Check } from '../checks.ts'
import { type ColdStart, coldStartOf, whereItWent } from '../cold-start.ts'
import { watchPods } from '../watch-pods.ts'
import { untilZero } from './reaches-zero.ts'

const NAME = 'place-order'
const RUNS = 3

/** The first request to a function without a pod is answered, and where its time went. */
export const fromZero: Check = {
  name: 'the first request wakes a function',
  engine: 'knative',
  run: async (context) => {
    const caller = await newCaller(context)
    const sku = await newProduct(caller)
    const starts: ColdStart[] = []
    for (let i = 0; i < RUNS; i++) {
      await untilZero(context.kubectl, NAME)
      const watch = watchPods(context.options.namespace, `app.kubernetes.io/name=${NAME}`)
      try {
        const beganAt = Date.now()
        const response = await placeOrder(caller, sku)
        const endedAt = Date.now()
        if (response.status !== 201) throw new Error(`answered ${response.status}: ${await response.text()}`)
        starts.push(await coldStartOf(context, { name: NAME, beganAt, endedAt, seen: watch.seen }))
      } finally {
        watch.close()
      }
    }
    const { rows, summary } = whereItWent(starts)
    context.tables.push({ title: `Where a cold start of ${NAME} goes, in ms`, rows })
    return summary
  },
}
