import { untilTrue } from '../../support/until.ts'
import type { Check } from '../context.ts'
import { untilReady } from '../install.ts'
import { figuresOf, startLoad } from '../load.ts'

const AT_LEAST = 2_000

/** A gateway pod is evicted, as when its node is drained, and no request fails. */
export const gatewayEvicted: Check = {
  name: 'gateway pod evicted under load',
  run: async (context) => {
    const { kubectl, options } = context
    const load = await startLoad(context)
    const [pod] = await kubectl.podsOf('gateway')
    const name = pod?.metadata.name ?? ''
    const beganAt = Date.now()
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: options.namespace } }
    const path = `/api/v1/namespaces/${options.namespace}/pods/${name}/eviction`
    await kubectl.text(['create', '--raw', path, '--filename', '-'], { input: JSON.stringify(eviction) })
    const gone = async () => (await kubectl.list('pods')).every(({ metadata }) => metadata.uid !== pod?.metadata.uid)
    await untilTrue(gone, { limitMs: 120_000, what: 'the end of the evicted pod' })
    const goneAt = Date.now()
    await untilReady(context)
    return `${figuresOf(await load.stop(AT_LEAST))}; the pod was gone after ${((goneAt - beganAt) / 1_000).toFixed(0)} s`
  },
}
