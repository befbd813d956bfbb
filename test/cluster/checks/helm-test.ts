import type { Check } from '../checks.ts'
import { helm } from '../install.ts'

/** The chart's own test. */
export const helmTest: Check = {
  name: 'helm test',
  run: async (context) => {
    const beganAt = Date.now()
    const said = await helm(context, ['test', context.options.release, '--timeout', '5m'])
    if (!/Phase:\s+Succeeded/.test(said)) throw new Error(said)
    return `succeeded in ${((Date.now() - beganAt) / 1_000).toFixed(0)} s`
  },
}
