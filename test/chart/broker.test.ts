import { expect, it } from '@jest/globals'
import { parseConfig } from 'ebb/kernel'
import { readBrokerSettings } from '../../services/relay/broker/broker-settings.ts'
import { describeChart, FUNCTIONS, type Manifest, ofKind, only, refusal, renderChart, type Values } from './helm.ts'
import { podsOf } from './pods.ts'

const trigger = { type: 'user.created', retry: 9, backoffPolicy: 'exponential', backoffDelay: 'PT1S' }
const functions = {
  ...FUNCTIONS,
  'send-welcome-email': { ...FUNCTIONS['send-welcome-email'], timeoutMs: 5_000, trigger },
}
const BROKER = {
  url: 'http://kafka-broker-ingress.knative-eventing.svc.cluster.local/default/shop',
  egress: ['kafka-broker-ingress.knative-eventing.svc:8080'],
  ...{ name: 'shop', class: 'Kafka', existingSecret: 'broker' },
  ...{ config: { apiVersion: 'v1', kind: 'ConfigMap', name: 'kafka-broker-config', namespace: 'knative-eventing' } },
  ...{ triggerAnnotations: { 'kafka.eventing.knative.dev/delivery.order': 'ordered' } },
  identity: { issuer: 'https://oidc.example/cluster', egress: ['10.96.0.1/32:6443'] },
}
const render = (broker: object, more: Values = {}) => renderChart({ ...more, broker }, { functions })
const relayOf = (manifests: readonly Manifest[]) =>
  podsOf(manifests).find(({ of }) => of === 'Deployment ebb-relay')?.spec

describeChart('a broker', () => {
  it('has a Trigger for each subscriber that it may bring events to, by way of the relay', async () => {
    const manifests = await render(BROKER)
    const to = (path: string) => ({ uri: `http://ebb-relay.default.svc/_/${path}`, audience: 'ebb-relay.default.svc' })
    expect(
      ofKind(manifests, 'Trigger').map(({ metadata: { name, annotations }, spec }) => ({ name, annotations, spec })),
    ).toEqual([
      {
        name: 'send-welcome-email',
        annotations: expect.objectContaining({ 'kafka.eventing.knative.dev/delivery.order': 'ordered' }),
        spec: {
          broker: 'shop',
          filters: [{ any: [{ exact: { type: 'user.created' } }, { prefix: { type: 'user.created.v' } }] }],
          subscriber: to('events/send-welcome-email'),
          delivery: {
            ...{ retry: 9, backoffPolicy: 'exponential', backoffDelay: 'PT1S', timeout: 'PT45S' },
            deadLetterSink: to('dead-letters/send-welcome-email'),
          },
        },
      },
    ])
    expect(only(manifests, 'Broker', 'shop')).toMatchObject({
      metadata: { name: 'shop', annotations: { 'eventing.knative.dev/broker.class': 'Kafka' } },
      spec: { config: BROKER.config },
    })
  })

  it('is what the relay takes, which its pods alone reach and are reached by', async () => {
    const manifests = await render(BROKER)
    const relay = relayOf(manifests)
    const env = Object.fromEntries((relay?.containers[0]?.env ?? []).map(({ name, value }) => [name, value]))
    const plain = Object.fromEntries(Object.entries(env).filter(([name]) => !name.endsWith('_FILE')))
    const config = parseConfig({ ...(plain as Record<string, string>), EBB_BROKER_TOKEN: 'token' })
    expect(readBrokerSettings(config, [])).toMatchObject({
      url: BROKER.url,
      identity: { issuer: { audience: ['ebb-relay.default.svc'] }, subjects: ['system:serviceaccount:default:*'] },
    })
    expect(env).toMatchObject({ EBB_BROKER_TOKEN_FILE: expect.any(String), EBB_IDENTITY_JWKS_FILE: expect.any(String) })
    const service = ofKind(manifests, 'Service').find(({ metadata }) => metadata.name === 'ebb-relay')
    expect(service?.spec.ports).toEqual([{ name: 'http', port: 80, targetPort: 'broker' }])
    const policy = ofKind(manifests, 'NetworkPolicy').find(({ metadata }) => metadata.name === 'ebb-relay')
    expect(JSON.stringify(policy?.spec.ingress)).toContain('knative-eventing')
    expect(JSON.stringify(policy?.spec.egress)).toMatch(/knative-eventing.*"port":8080.*10\.96\.0\.1\/32.*"port":6443/)
  })

  it('that wants OIDC gets a token of the relay`s account, which the kubelet renews', async () => {
    const { existingSecret: _, ...rest } = BROKER
    const relay = relayOf(await render({ ...rest, audience: 'shop-broker' }))
    expect(JSON.stringify(relay?.volumes)).toContain(
      '{"serviceAccountToken":{"audience":"shop-broker","expirationSeconds":3600,"path":"EBB_BROKER_TOKEN"}}',
    )
  })

  it('is not there by default', async () => {
    const manifests = await render({})
    expect([...ofKind(manifests, 'Trigger'), ...ofKind(manifests, 'Broker')]).toEqual([])
    expect(JSON.stringify(manifests)).not.toContain('EBB_BROKER')
  })

  it.each<[string, object, string]>([
    ['that would be a second one to retry', { name: 'shop' }, 'a second one to retry'],
    ['from which nobody brings events', { url: BROKER.url }, 'say whose OIDC tokens bring events back'],
    ['without a name', { ...BROKER, name: '' }, 'say what the Broker is to be called'],
    ['with two tokens', { ...BROKER, audience: 'a' }, 'leave one of the two out'],
  ])('%s is refused', async (_what, broker, sentence) => {
    expect(await refusal({ broker }, { functions })).toContain(sentence)
  })
})
