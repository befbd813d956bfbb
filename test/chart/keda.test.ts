import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from '@jest/globals'
import * as z from 'zod'
import { findAllowedTraffic, policyOf } from './allowed-traffic.ts'
import { describeChart, type Manifest, namesOf, ofKind, only, refusal, renderChart } from './helm.ts'
import { podsOf, settingsOf } from './pods.ts'

const HTTP_V1ALPHA1 = 'http.keda.sh/v1alpha1'
const HTTP_V1BETA1 = 'http.keda.sh/v1beta1'

const functions = {
  'take-one': {
    ...{ kind: 'endpoint', scale: { min: 0, max: 4, concurrency: 7 }, timeoutMs: 5_000, timeoutSeconds: 90 },
    calls: ['warm-one'],
  },
  'warm-one': { kind: 'subscriber', scale: { min: 2, max: 3, concurrency: 50, target: 1 }, timeoutSeconds: 3_725 },
}
const keda = (values: object = {}, apis: readonly string[] = []) =>
  renderChart({ engine: 'keda', ...values }, { functions, apis })

describeChart('the engine keda', () => {
  let manifests: readonly Manifest[]
  let older: readonly Manifest[]
  beforeAll(async () => {
    manifests = await keda()
    older = await keda({}, [HTTP_V1ALPHA1])
  })

  it('makes a Deployment of each function, which KEDA scales as its contract says, and nothing else does', () => {
    expect(namesOf(ofKind(manifests, 'ScaledObject'))).toEqual(['take-one', 'warm-one'])
    expect(namesOf(ofKind(manifests, 'HorizontalPodAutoscaler'))).toEqual(['ebb-gateway'])
    expect(only(manifests, 'Deployment', 'take-one').spec).not.toHaveProperty('replicas')
    expect(only(manifests, 'ScaledObject', 'take-one').spec).toEqual({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'take-one' },
      ...{ minReplicaCount: 0, maxReplicaCount: 4, cooldownPeriod: 300 },
      triggers: [
        {
          type: 'external-push',
          metadata: {
            scalerAddress: 'keda-add-ons-http-external-scaler.keda:9090',
            interceptorRoute: 'take-one',
          },
        },
      ],
    })
    expect(only(manifests, 'ScaledObject', 'warm-one').spec).toMatchObject({ minReplicaCount: 2, maxReplicaCount: 3 })
  })

  it('keeps one pod by the clock in the hours that its contract says, past midnight as well', async () => {
    const warm = [
      { from: '08:30', to: '18:00', days: ['mon', 'sun'], timeZone: 'Europe/Berlin' },
      { from: '22:00', to: '06:00', days: ['fri', 'sat'] },
      { from: '00:00', to: '24:00' },
    ]
    const warmed = await renderChart({ engine: 'keda' }, { functions: { night: { scale: { warm } } } })
    const { triggers } = only(warmed, 'ScaledObject', 'night').spec as {
      triggers: { type: string; metadata: object }[]
    }
    expect(triggers.filter(({ type }) => type === 'cron').map(({ metadata }) => metadata)).toEqual([
      { timezone: 'Europe/Berlin', start: '30 08 * * 1,0', end: '00 18 * * 1,0', desiredReplicas: '1' },
      { timezone: 'UTC', start: '00 22 * * 5,6', end: '00 06 * * 6,0', desiredReplicas: '1' },
      { timezone: 'UTC', start: '00 00 * * *', end: '59 23 * * *', desiredReplicas: '1' },
    ])
  })

  it('leads requests through the interceptor: its own name to that, and what is behind to the pods', () => {
    expect(only(manifests, 'Service', 'take-one').spec).toMatchObject({
      ...{ type: 'ExternalName', externalName: 'keda-add-ons-http-interceptor-proxy.keda.svc.cluster.local' },
    })
    const { selector } = only(manifests, 'Service', 'take-one-pods').spec
    expect(only(manifests, 'Deployment', 'take-one').spec.selector).toEqual({ matchLabels: selector })
    const callers = podsOf(manifests).filter(({ of }) =>
      ['Deployment ebb-gateway', 'Deployment ebb-relay', 'Deployment take-one'].includes(of),
    )
    const addresses = callers.map(({ spec }) => settingsOf(spec.containers[0]!).plain.EBB_UPSTREAM_TEMPLATE)
    expect(addresses).toEqual(Array(3).fill('http://{name}.{namespace}.svc:8080'))
  })

  it('tells the interceptor what wakes a function, how many requests a pod is to have, and how long all may take', () => {
    expect(only(manifests, 'InterceptorRoute', 'take-one').spec).toEqual({
      target: { service: 'take-one-pods', portName: 'http' },
      rules: [{ hosts: ['take-one.default.svc'] }],
      // 70 % of 7
      scalingMetric: { concurrency: { targetValue: 5 } },
      timeouts: { readiness: '30s', responseHeader: '1m30s', request: '2m0s' },
    })
    expect(only(manifests, 'InterceptorRoute', 'warm-one').spec).toMatchObject({
      scalingMetric: { concurrency: { targetValue: 1 } },
      timeouts: { responseHeader: '1h2m5s', request: '1h2m35s' },
    })
    const pod = podsOf(manifests).find(({ of }) => of === 'Deployment take-one')
    expect(settingsOf(pod!.spec.containers[0]!).plain).toMatchObject({
      EBB_MAX_CONCURRENCY: '7',
      EBB_DRAIN_MS: '10000',
    })
  })

  it('speaks to an add-on before 0.14 by HTTPScaledObject, and to a later one, which has both, by InterceptorRoute', async () => {
    expect(ofKind(older, 'InterceptorRoute')).toEqual([])
    expect(only(older, 'HTTPScaledObject', 'take-one')).toMatchObject({
      metadata: { annotations: { 'httpscaledobject.keda.sh/skip-scaledobject-creation': 'true' } },
      spec: { timeouts: { conditionWait: '30s', responseHeader: '1m30s' } },
    })
    expect(JSON.stringify(only(older, 'ScaledObject', 'take-one').spec)).toContain('"httpScaledObject":"take-one"')
    const later = await keda({}, [HTTP_V1ALPHA1, HTTP_V1BETA1])
    expect([ofKind(later, 'HTTPScaledObject'), ofKind(later, 'InterceptorRoute').length]).toEqual([[], 2])
  })

  it('says nothing that KEDA`s own schemas do not know', () => {
    for (const [kind, file] of [
      ['ScaledObject', 'scaled-object-v1alpha1'],
      ['HTTPScaledObject', 'http-scaled-object-v1alpha1'],
    ] as const) {
      const schema = z.fromJSONSchema(JSON.parse(readFileSync(`test/chart/schemas/${file}.json`, 'utf8')))
      const found = ofKind(older, kind)
      expect(found.length).toBe(2)
      for (const manifest of found) expect([kind, schema.safeParse(manifest).error]).toEqual([kind, undefined])
      const misspelt = { ...found[0], spec: { ...found[0]?.spec, triggrs: [] } }
      expect(schema.safeParse(misspelt).success).toBe(false)
    }
  })

  it('scales a function only after the route is there, in Argo CD', () => {
    const waveOf = (kind: string) =>
      only(manifests, kind, 'take-one').metadata.annotations?.['argocd.argoproj.io/sync-wave']
    expect([waveOf('InterceptorRoute'), waveOf('ScaledObject')]).toEqual(['1', '2'])
  })

  it('has exactly these arrows: through the interceptor, and straight from gateway and relay to a canary', () => {
    const policies = ofKind(manifests, 'NetworkPolicy').map(policyOf)
    const arrowsOf = (of: string) =>
      findAllowedTraffic(policies, podsOf(manifests).find((pod) => pod.of === of)?.labels ?? {})
    const stores = ['kube-system/kube-dns:53', 'postgres:5432']
    expect(arrowsOf('Deployment ebb-relay').to).toEqual(['function:8080', 'keda:8080', ...stores])
    expect(arrowsOf('Deployment take-one')).toEqual({
      from: ['gateway:8080', 'keda:8080', 'relay:8080'],
      to: ['keda:8080', ...stores, 'redis:6379'],
    })
    expect(arrowsOf('Deployment warm-one').to).toEqual([...stores, 'redis:6379'])
  })

  it('refuses a function whose name is that of another one`s Service', async () => {
    const clash = { functions: { 'take-one': {}, 'take-one-pods': {} } }
    expect(await refusal({ engine: 'keda' }, clash)).toContain(
      'engine: with keda the pods of take-one have the Service take-one-pods, which is the name of another function',
    )
  })
})
