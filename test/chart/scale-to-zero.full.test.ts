import { expect, it } from '@jest/globals'
import { findAllowedTraffic, policyOf } from './allowed-traffic.ts'
import { describeChart, KNATIVE, namesOf, ofKind, only, refusal, renderChart, type Values } from './helm.ts'
import { podsOf, settingsOf } from './pods.ts'

const ZERO = { scaleToZero: true }
const options = { apis: [KNATIVE] }

describeChart('gateway and relay that go to zero', () => {
  it('are one pod of a Knative Service, each with the secrets of its own and a port of its own', async () => {
    const manifests = await renderChart({ ...ZERO, relay: { env: { LOG_LEVEL: 'debug' } } }, options)
    expect(namesOf(ofKind(manifests, 'Deployment'))).toEqual(['ebb-redis'])
    expect(namesOf(ofKind(manifests, 'HorizontalPodAutoscaler'))).toEqual([])
    expect(namesOf(ofKind(manifests, 'PodDisruptionBudget'))).toEqual([])
    expect(namesOf(ofKind(manifests, 'Service', 'v1'))).not.toContain('ebb-gateway')
    const [pod] = podsOf([only(manifests, 'Service', 'ebb-gateway')])
    expect(pod?.annotations).toMatchObject({
      'autoscaling.knative.dev/min-scale': '0',
      'autoscaling.knative.dev/max-scale': '1',
    })
    const [gateway, relay, ...others] = pod?.spec.containers ?? []
    expect([gateway?.name, relay?.name, others]).toEqual(['gateway', 'relay', []])
    // Knative sets PORT itself, and takes ports of one container only.
    expect([gateway?.ports, relay?.ports]).toEqual([[{ name: 'http1', containerPort: 8080 }], undefined])
    expect(gateway && settingsOf(gateway).plain).toMatchObject({ EBB_ADMIN_PORT: '8081', EBB_GATEWAY_REPLICAS: '1' })
    expect(gateway && settingsOf(gateway).plain).not.toHaveProperty('PORT')
    expect(relay && settingsOf(relay).plain).toMatchObject({ EBB_ADMIN_PORT: '8082', LOG_LEVEL: 'debug' })
    const secretsOf = (volume: string) =>
      pod?.spec.volumes
        .find(({ name }) => name === volume)
        ?.projected?.sources.flatMap(({ secret }) => secret.items.map(({ key }) => key))
    expect(gateway?.volumeMounts?.map(({ name }) => name)).toEqual(['secrets', 'tmp'])
    expect(relay?.volumeMounts?.map(({ name }) => name)).toEqual(['relay-secrets', 'relay-tmp'])
    expect(secretsOf('secrets')).toEqual(expect.arrayContaining(['gateway.jwk', 'key-pepper']))
    expect(secretsOf('relay-secrets')).toEqual(['url', 'relay.jwk'])
  })

  it('are reached through Knative alone, and reach what both have to', async () => {
    const values = { ...ZERO, relay: { webhooks: { existingSecret: 'webhooks' } } }
    const manifests = await renderChart(values, options)
    const policies = ofKind(manifests, 'NetworkPolicy').map(policyOf)
    const [pod] = podsOf([only(manifests, 'Service', 'ebb-gateway')])
    const { from, to } = findAllowedTraffic(policies, pod?.labels ?? {})
    expect(from.filter((peer) => !peer.startsWith('test:'))).toEqual([
      ...['knative-serving/activator:8012', 'knative-serving/activator:8013', 'knative-serving/activator:8112'],
      ...['knative-serving/autoscaler:9090', 'kourier-system:8012', 'kourier-system:8013', 'kourier-system:8112'],
    ])
    expect(to).toEqual(expect.arrayContaining(['kourier-system:8081', 'postgres:5432', 'public:443', 'redis:6379']))
  })

  it.each<[string, Values]>([
    ['scaleToZero: only the engine knative starts something for a request', { engine: 'kubernetes' }],
    ['gateway.ingress.enabled: with scaleToZero requests come', { gateway: { ingress: { enabled: true } } }],
    [
      'broker.url: with scaleToZero requests come',
      { broker: { url: 'http://b.a.svc', identity: { issuer: 'https://i' } } },
    ],
  ])('are refused: %s', async (sentence, values) =>
    expect(await refusal({ ...ZERO, ...values }, options)).toContain(sentence),
  )
})
