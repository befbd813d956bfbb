import { newBatch, newCaller, writeEntry } from '../callers.ts'
import type { Check, Context } from '../context.ts'
import { isReady, kubectlIn } from '../kubectl.ts'
import { NO_WAY, probeFrom } from '../probe-pod.ts'

const NAME = 'conformance-write'

/** A pod that is none of ours reaches the gateway, and neither a function nor a store; through Knative's ingress 401. */
export const network: Check = {
  name: 'strangers reach the gateway only',
  run: async (context) => {
    const { options } = context
    const host = (service: string) => `${service}.${options.namespace}.svc.cluster.local`
    const stores = {
      postgres: `${host('ebb-postgres')}:5432`,
      redis: `${host('ebb-redis')}:6379`,
      admin: `${host('ebb-gateway-admin')}:8081`,
      ...(await functionPorts(context)),
    }
    const gateway = `http://${host('ebb-gateway')}/openapi.json`
    const near = await probeFrom(context, options.namespace, { gateway, ...stores })
    const other = `${options.namespace}-other`
    const cluster = kubectlIn('default')
    await cluster.text(['create', 'namespace', other])
    try {
      const ingress = `http://${host('conformance-list')}/v1/conformance/batches`
      const far = await probeFrom(context, other, { gateway, ...stores, ingress })
      const { gateway: nearGateway, ...nearRest } = near
      const { gateway: farGateway, ingress: through = '', ...farRest } = far
      const figures = `same namespace: ${wordsOf(near)}; another namespace: ${wordsOf(far)}`
      const closed = [...Object.values(nearRest), ...Object.values(farRest)].every((what) => NO_WAY.test(what))
      const throughIsRight = options.engine === 'knative' ? through === '401' : NO_WAY.test(through)
      if (!closed || nearGateway !== '200' || farGateway !== '200' || !throughIsRight) throw new Error(figures)
      return figures
    } finally {
      await cluster.text(['delete', 'namespace', other, '--wait=false'])
    }
  },
}

/** The ports of a pod of a function that is up. */
async function functionPorts(context: Context): Promise<Record<string, string>> {
  const caller = await newCaller(context)
  const response = await writeEntry(caller, newBatch())
  if (response.status !== 201) throw new Error(`answered ${response.status}`)
  const pod = (await context.kubectl.podsOfFunction(NAME)).find(isReady)
  const ports = context.options.engine === 'knative' ? [8080, 8012, 8013, 8022, 9090, 9091] : [8080]
  return Object.fromEntries(ports.map((port) => [`function:${port}`, `${pod?.status?.podIP}:${port}`]))
}

const wordsOf = (found: Readonly<Record<string, string>>) =>
  Object.entries(found)
    .map(([name, what]) => `${name} ${what}`)
    .join(', ')
