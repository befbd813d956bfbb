import { beforeAll, expect, it } from '@jest/globals'
import { gatewayDrainMs, relayDrainMs } from '../../src/contract/index.ts'
import { startCluster } from './cluster.ts'
import {
  describeChart,
  KNATIVE,
  type Manifest,
  namesOf,
  ofKind,
  only,
  refusal,
  renderChart,
  type Values,
} from './helm.ts'
import { podsOf, settingsOf } from './pods.ts'

const functions = {
  'take-one': { kind: 'endpoint', scale: { min: 0, max: 4, concurrency: 7 }, timeoutSeconds: 90 },
  'warm-one': { kind: 'subscriber', scale: { min: 2, max: 3, concurrency: 1, target: 1 }, timeoutSeconds: 400 },
}

describeChart('the engine knative', () => {
  let manifests: readonly Manifest[]
  beforeAll(async () => {
    manifests = await renderChart({}, { functions, apis: [KNATIVE] })
  })

  it('is taken where its API is, and makes a Knative Service of each function', async () => {
    expect(namesOf(ofKind(manifests, 'Service', 'serving'))).toEqual(['take-one', 'warm-one'])
    expect(namesOf(ofKind(manifests, 'Deployment'))).toEqual(['ebb-gateway', 'ebb-redis', 'ebb-relay'])
    expect(namesOf(ofKind(manifests, 'HorizontalPodAutoscaler'))).toEqual(['ebb-gateway'])
  })

  it('says all of what a function is: where it is seen, how it scales, what it may take', async () => {
    const service = manifests.find(({ metadata }) => metadata.name === 'take-one')
    expect(service?.metadata.labels).toMatchObject({ 'networking.knative.dev/visibility': 'cluster-local' })
    expect(service?.spec).toMatchObject({
      template: {
        metadata: {
          annotations: {
            'autoscaling.knative.dev/min-scale': '0',
            'autoscaling.knative.dev/max-scale': '4',
            'checksum/secrets': expect.stringMatching(/^[0-9a-f]{64}$/),
          },
        },
        spec: {
          containerConcurrency: 7,
          timeoutSeconds: 90,
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          containers: [
            {
              ports: [{ name: 'http1', containerPort: 8080 }],
              readinessProbe: { httpGet: { path: '/_/ready' }, periodSeconds: 0, successThreshold: 1 },
            },
          ],
        },
      },
    })
  })

  it('passes a target on as a number of requests, and lets a long one wait for its first byte', async () => {
    const pod = podsOf(manifests).find(({ of }) => of === 'Service warm-one')
    expect(pod?.annotations).toMatchObject({
      'autoscaling.knative.dev/min-scale': '2',
      'autoscaling.knative.dev/target': '1',
      'autoscaling.knative.dev/target-utilization-percentage': '100',
    })
    expect(pod?.spec).toMatchObject({ timeoutSeconds: 400, responseStartTimeoutSeconds: 400 })
  })

  it('says nothing that Knative refuses', async () => {
    for (const { spec } of podsOf(ofKind(manifests, 'Service', 'serving'))) {
      // Checked by the webhook of 1.15, whose features are all at their defaults.
      const allowed = [
        'serviceAccountName',
        'automountServiceAccountToken',
        'enableServiceLinks',
        'containers',
        'volumes',
      ]
      const knatives = ['containerConcurrency', 'timeoutSeconds', 'responseStartTimeoutSeconds']
      expect([...allowed, ...knatives]).toEqual(expect.arrayContaining(Object.keys(spec)))
      const [container, ...others] = spec.containers
      expect(others).toEqual([])
      expect(container).not.toHaveProperty('lifecycle')
      expect(container).not.toHaveProperty('startupProbe')
      const reserved = ['PORT', 'K_SERVICE', 'K_CONFIGURATION', 'K_REVISION']
      expect(container?.env?.filter(({ name }) => reserved.includes(name))).toEqual([])
    }
  })

  it('lets an installation say more of all functions, and of one', async () => {
    const values = {
      allFunctions: { scale: { max: 2 }, podAnnotations: { 'autoscaling.knative.dev/window': '6s' }, env: { A: '1' } },
      functions: { 'warm-one': { scale: { min: 0, max: 9 }, image: 'example.com/warm@sha256:1', env: { A: '2' } } },
    }
    const pods = podsOf(await renderChart(values, { functions, apis: [KNATIVE] }))
    const [take, warm] = ['take-one', 'warm-one'].map((name) => pods.find(({ of }) => of === `Service ${name}`))
    expect(take?.annotations).toMatchObject({
      'autoscaling.knative.dev/max-scale': '2',
      'autoscaling.knative.dev/window': '6s',
    })
    expect(take?.spec).toMatchObject({ containerConcurrency: 7 })
    expect(take?.spec.containers[0]?.env).toContainEqual({ name: 'A', value: '1' })
    expect(warm?.annotations).toMatchObject({
      'autoscaling.knative.dev/min-scale': '0',
      'autoscaling.knative.dev/max-scale': '9',
    })
    expect(warm?.spec.containers[0]).toMatchObject({ image: 'example.com/warm@sha256:1' })
    expect(warm?.spec.containers[0]?.env).toContainEqual({ name: 'A', value: '2' })
  })
})

describeChart('an installation on Knative', () => {
  const namespaces = ['kube-system', 'knative-serving', 'istio-system']

  it('is refused where no namespace is there from which functions could be called', async () => {
    await using cluster = await startCluster([], { namespaces })
    const message = await refusal({}, cluster)
    expect(message).toContain('knative.ingressNamespaces: there is no namespace kourier-system; name the one in which')
    expect(await refusal({ knative: { namespace: 'serving' } }, cluster)).toContain(
      'knative.namespace: there is no namespace serving; name the one in which',
    )
    await renderChart({ knative: { ingressNamespaces: ['kourier-system', 'istio-system'] } }, cluster)
  })

  it('is not looked at where it does not matter: without policies, without Knative, without a cluster', async () => {
    await using cluster = await startCluster([], { namespaces })
    await renderChart({ networkPolicy: { enabled: false } }, cluster)
    await renderChart({ engine: 'kubernetes' }, cluster)
    await renderChart({ engine: 'knative' })
  })

  it('by a user who may not read namespaces is refused with the value that goes without', async () => {
    await using cluster = await startCluster([], { mayReadNamespaces: false })
    expect(await refusal({}, cluster)).toMatch(/knative-lookUpNamespaces[\s\S]*namespaces "kube-system" is forbidden/)
    await renderChart({ knative: { lookUpNamespaces: false } }, cluster)
  })
})

describeChart('the engine kubernetes', () => {
  let manifests: readonly Manifest[]
  beforeAll(async () => {
    manifests = await renderChart({}, { functions })
  })

  it('is taken where Knative is not: a Deployment, a Service and an autoscaler for each function', async () => {
    expect(ofKind(manifests, 'Service', 'serving')).toEqual([])
    for (const kind of ['Deployment', 'Service', 'HorizontalPodAutoscaler']) {
      expect(namesOf(ofKind(manifests, kind))).toEqual(expect.arrayContaining(['take-one', 'warm-one']))
    }
  })

  it('tells each function how many requests it may take at a time, which on Knative the queue-proxy counts', async () => {
    const toldTo = async (of: string, apis: readonly string[]) => {
      const pod = podsOf(await renderChart({}, { functions, apis })).find((pod) => pod.of === of)
      return settingsOf(pod!.spec.containers[0]!).plain.EBB_MAX_CONCURRENCY
    }
    expect(await toldTo('Deployment take-one', [])).toBe('7')
    expect(await toldTo('Deployment warm-one', [])).toBe('1')
    expect(await toldTo('Service take-one', [KNATIVE])).toBeUndefined()
  })

  it('keeps at least one pod of each, and says the number of those that are scaled nowhere else', async () => {
    expect(only(manifests, 'HorizontalPodAutoscaler', 'take-one').spec).toMatchObject({
      minReplicas: 1,
      maxReplicas: 4,
    })
    expect(only(manifests, 'HorizontalPodAutoscaler', 'warm-one').spec).toMatchObject({
      minReplicas: 2,
      maxReplicas: 3,
    })
    const scaled = namesOf(ofKind(manifests, 'HorizontalPodAutoscaler'))
    for (const { metadata, spec } of ofKind(manifests, 'Deployment')) {
      expect([metadata.name, 'replicas' in spec]).toEqual([metadata.name, !scaled.includes(metadata.name)])
    }
  })

  it('lets a pod finish: it serves until all have heard of its end, and has the time of its longest request', async () => {
    expect(only(manifests, 'Deployment', 'take-one').spec).toMatchObject({
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        spec: {
          terminationGracePeriodSeconds: 100,
          containers: [{ env: expect.arrayContaining([{ name: 'EBB_DRAIN_MS', value: '10000' }]) }],
        },
      },
    })
  })

  it('has a budget for each function, of which an eviction takes one pod at a time, or as many as one says', async () => {
    expect(namesOf(ofKind(manifests, 'PodDisruptionBudget'))).toEqual([
      'ebb-gateway',
      'ebb-relay',
      'take-one',
      'warm-one',
    ])
    for (const name of ['take-one', 'warm-one']) {
      const { spec } = only(manifests, 'PodDisruptionBudget', name)
      expect(spec).toEqual({
        ...{ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
        selector: only(manifests, 'Deployment', name).spec.selector,
      })
    }
    const values = {
      ...{
        allFunctions: { podDisruptionBudget: { maxUnavailable: '25%' } },
        relay: { podDisruptionBudget: { enabled: false } },
      },
      functions: { 'warm-one': { podDisruptionBudget: { enabled: false } } },
    }
    const others = await renderChart(values, { functions })
    expect(namesOf(ofKind(others, 'PodDisruptionBudget'))).toEqual(['ebb-gateway', 'take-one'])
    expect(only(others, 'PodDisruptionBudget', 'take-one').spec).toMatchObject({ maxUnavailable: '25%' })
    const knative = await renderChart({}, { functions, apis: [KNATIVE] })
    expect(namesOf(ofKind(knative, 'PodDisruptionBudget'))).toEqual(['ebb-gateway', 'ebb-relay'])
  })

  it('may be chosen where Knative is, and the other where it is not', async () => {
    const chosen = await renderChart({ engine: 'kubernetes' }, { functions, apis: [KNATIVE] })
    expect(ofKind(chosen, 'Service', 'serving')).toEqual([])
    const other = await renderChart({ engine: 'knative' }, { functions })
    expect(ofKind(other, 'Service', 'serving')).toHaveLength(2)
  })
})

describeChart('a function', () => {
  it('is where gateway and relay look for it, on both engines', async () => {
    for (const apis of [[], [KNATIVE]]) {
      const manifests = await renderChart({}, { functions, apis })
      expect(namesOf(ofKind(manifests, 'Service'))).toContain('take-one')
      for (const name of ['ebb-gateway', 'ebb-relay']) {
        const [pod] = podsOf([only(manifests, 'Deployment', name)])
        const template = { name: 'EBB_UPSTREAM_TEMPLATE', value: 'http://{name}.{namespace}.svc' }
        expect(pod?.spec.containers[0]?.env).toContainEqual(template)
        expect(pod?.spec.containers[0]?.env).toContainEqual({ name: 'EBB_NAMESPACE', value: 'default' })
      }
    }
  })

  it('that keeps more warm than it may have is refused', async () => {
    const message = await refusal({ functions: { 'take-one': { scale: { min: 5 } } } }, { functions })
    expect(message).toContain('functions.take-one.scale: min (5) is more than max (4)')
  })

  it('that there is not is refused with the names of those that there are', async () => {
    const message = await refusal({ functions: { 'take-on': { poolMax: 1 } } }, { functions })
    expect(message).toContain('functions.take-on: there is no such function; there are take-one, warm-one')
  })
})

describeChart('gateway and relay', () => {
  const graceOf = async (values: Values, timeoutMs: number) => {
    const manifests = await renderChart(values, { functions: { short: { timeoutMs: 1_000 }, long: { timeoutMs } } })
    const specOf = (name: string) => podsOf([only(manifests, 'Deployment', `ebb-${name}`)])[0]?.spec
    return ['gateway', 'relay'].map((name) => specOf(name)?.terminationGracePeriodSeconds)
  }

  it.each<[number, number]>([
    [10_000, 30_000],
    [400_500, 30_000],
    [5_000, 90_000],
  ])(
    'have the time in which they end: a call of %i ms after a start of %i ms, and 10 s',
    async (timeoutMs, startTimeoutMs) => {
      const calls = { startTimeoutMs, contracts: [{ timeoutMs }] }
      const secondsFor = (drainMs: number) => Math.ceil((drainMs + 10_000) / 1_000)
      const [gateway, relay] = await graceOf({ gateway: { startTimeoutMs } }, timeoutMs)
      expect([gateway, relay]).toEqual([secondsFor(10_000 + gatewayDrainMs(calls)), secondsFor(relayDrainMs(calls))])
    },
  )
})
