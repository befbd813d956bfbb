import { beforeAll, expect, it } from '@jest/globals'
import { findAllowedTraffic, policyOf } from './allowed-traffic.ts'
import { describeChart, type Manifest, namesOf, ofKind, only, renderChart } from './helm.ts'
import { podsOf, settingsOf } from './pods.ts'

const functions = { 'take-one': { kind: 'endpoint', scale: { min: 0, max: 4, concurrency: 7 }, calls: ['take-one'] } }
const openfaas = { namespace: 'faas', functionNamespace: 'faas-fn' }

describeChart('the engine openfaas', () => {
  let manifests: readonly Manifest[]
  beforeAll(async () => {
    manifests = await renderChart({ engine: 'openfaas', openfaas }, { functions })
  })

  it('installs gateway and relay, and no function: faas-cli does that, by stack.yml', () => {
    expect(namesOf(ofKind(manifests, 'Deployment')).sort()).toEqual(['ebb-gateway', 'ebb-redis', 'ebb-relay'])
    expect(
      manifests.filter(({ metadata }) => metadata.name.includes('function') || metadata.name === 'take-one'),
    ).toEqual(
      // By which functions log in to Postgres: faas-cli makes a secret of it.
      [only(manifests, 'Secret', 'ebb-postgres-functions')],
    )
  })

  it('asks functions through OpenFaaS’ gateway', () => {
    for (const part of ['Deployment ebb-gateway', 'Deployment ebb-relay']) {
      const [container] = podsOf(manifests).find(({ of }) => of === part)?.spec.containers ?? []
      const template = container && settingsOf(container).plain.EBB_UPSTREAM_TEMPLATE
      expect(template).toBe('http://gateway.faas:8080/function/{name}')
    }
  })

  it('lets gateway and relay reach that, and functions the stores', () => {
    const policies = ofKind(manifests, 'NetworkPolicy').map(policyOf)
    const arrowsOf = (of: string) =>
      findAllowedTraffic(policies, podsOf(manifests).find((pod) => pod.of === of)?.labels ?? {})
    for (const part of ['gateway', 'relay']) expect(arrowsOf(`Deployment ebb-${part}`).to).toContain('faas:8080')
    expect(arrowsOf('StatefulSet ebb-postgres').from).toContain('faas-fn:5432')
    expect(arrowsOf('Deployment ebb-redis').from).toContain('faas-fn:6379')
  })
})
