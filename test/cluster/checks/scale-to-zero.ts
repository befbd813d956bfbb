import { CONFORMANCE_FUNCTIONS } from '../../../src/conformance/index.ts'
import { untilTrue } from '../../support/until.ts'
import { newBatch, newCaller, writeEntry } from '../callers.ts'
import { type ColdStart, coldStartOf, printPhases, watchPods } from '../cold-start.ts'
import type { Check } from '../context.ts'
import type { Kubectl } from '../kubectl.ts'

const ZERO_LIMIT_MS = 240_000

/** Without calls, no function has a pod. */
export const reachesZero: Check = {
  name: 'every function reaches zero',
  engines: ['knative', 'keda'],
  run: async ({ kubectl }) => {
    const beganAt = Date.now()
    await untilZero(kubectl)
    return `${CONFORMANCE_FUNCTIONS.length} functions without a pod after ${((Date.now() - beganAt) / 1_000).toFixed(0)} s`
  },
}

/** Waits until no pod of a function is there, or none of one function. */
export async function untilZero(kubectl: Kubectl, name?: string) {
  const selector = `app.kubernetes.io/component=function${name ? `,app.kubernetes.io/name=${name}` : ''}`
  let left: string[] = []
  const look = async () => {
    left = (await kubectl.list('pods', selector)).map(({ metadata }) => metadata.name)
    return left.length === 0
  }
  await untilTrue(look, { limitMs: ZERO_LIMIT_MS, what: 'zero' }).catch((error: Error) => {
    throw new Error(`${error.message}: ${left.join(', ')}`)
  })
}

const NAME = 'conformance-write'
const RUNS = 3

/** The first request to a function without a pod is answered, and where its time went. */
export const fromZero: Check = {
  name: 'the first request wakes a function',
  engines: ['knative', 'keda'],
  run: async (context) => {
    const caller = await newCaller(context)
    const starts: ColdStart[] = []
    for (let i = 0; i < RUNS; i++) {
      await untilZero(context.kubectl, NAME)
      const watch = watchPods(context.options.namespace, `app.kubernetes.io/name=${NAME}`)
      try {
        const beganAt = Date.now()
        const response = await writeEntry(caller, newBatch())
        const endedAt = Date.now()
        if (response.status !== 201) throw new Error(`answered ${response.status}: ${await response.text()}`)
        starts.push(await coldStartOf(context, { name: NAME, beganAt, endedAt, seen: watch.seen }))
      } finally {
        watch.close()
      }
    }
    const { rows, summary } = printPhases(starts)
    context.tables.push({ title: `Where a cold start of ${NAME} goes, in ms`, rows })
    return summary
  },
}
