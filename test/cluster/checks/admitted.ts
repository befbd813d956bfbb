import { CONFORMANCE_FUNCTIONS } from '../../../src/conformance/index.ts'
import type { Check } from '../context.ts'
import { helm } from '../install.ts'
import { conditionOf, isReady } from '../kubectl.ts'

/** Pod Security lets every pod in, and every function and part is ready. */
export const admitted: Check = {
  name: 'admitted under restricted, and ready',
  run: async ({ kubectl, options }) => {
    const { metadata } = await kubectl.get('namespace', options.namespace)
    if (metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted') throw new Error('not enforced')
    const refused = (
      await kubectl.text(['get', 'events', '--output', 'jsonpath={range .items[*]}{.message}{"\\n"}{end}'])
    )
      .split('\n')
      .filter((message) => /violates PodSecurity|forbidden/i.test(message))
    if (refused.length > 0) throw new Error(`refused: ${[...new Set(refused)].join('; ')}`)
    const kind = options.engine === 'knative' ? 'services.serving.knative.dev' : 'deployments'
    const functions = await kubectl.list(kind, 'app.kubernetes.io/component=function')
    const ready = functions.filter((one) => isReady(one) || conditionOf(one, 'Available') === 'True')
    const names = CONFORMANCE_FUNCTIONS.filter((name) => !ready.some((one) => one.metadata.name.endsWith(name)))
    if (names.length > 0) throw new Error(`not ready: ${names.join(', ')}`)
    const pods = await kubectl.list('pods')
    return `${ready.length} functions ready, ${pods.length} pods there, none refused`
  },
}

/** The chart's own test. */
export const helmTest: Check = {
  name: 'helm test',
  run: async (context) => {
    const beganAt = Date.now()
    const output = await helm(context, ['test', context.options.release, '--timeout', '5m'])
    if (!/Phase:\s+Succeeded/.test(output)) throw new Error(output)
    return `succeeded in ${((Date.now() - beganAt) / 1_000).toFixed(0)} s`
  },
}
