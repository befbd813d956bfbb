import { untilTrue } from '../../support/until.ts'
import type { Check } from '../checks.ts'
import { functionNames } from '../images.ts'
import type { Kubectl } from '../kubectl.ts'

const LIMIT_MS = 240_000

/** With nobody calling, no function has a pod. */
export const reachesZero: Check = {
  name: 'every function reaches zero',
  engine: 'knative',
  run: async ({ kubectl }) => {
    const beganAt = Date.now()
    await untilZero(kubectl)
    return `${functionNames().length} functions without a pod after ${((Date.now() - beganAt) / 1_000).toFixed(0)} s`
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
  await untilTrue(look, { limitMs: LIMIT_MS, what: 'zero' }).catch((fault: Error) => {
    throw new Error(`${fault.message}: ${left.join(', ')}`)
  })
}
