import { expect, it } from '@jest/globals'
import { findAllowedTraffic, policyOf } from './allowed-traffic.ts'
import { describeChart, ofKind, refusal, renderChart, type Values } from './helm.ts'
import { componentOf, podsOf } from './pods.ts'

const proxies = {
  'old-shop': { timeoutMs: 10_000, url: 'http://crm.legacy.svc', egress: ['crm.legacy.svc:8080'] },
  'old-wiki': { timeoutMs: 700_000, url: 'https://[2001:db8::1]', egress: ['[2001:db8::1]:443'] },
}

async function gatewayOf(values: Values = {}) {
  const manifests = await renderChart(values, { proxies })
  const pods = podsOf(manifests)
  const pod = pods.find((one) => componentOf(one) === 'gateway')
  if (!pod) throw new Error('there is no gateway')
  const env = Object.fromEntries((pod.spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value]))
  const { to } = findAllowedTraffic(ofKind(manifests, 'NetworkPolicy').map(policyOf), pod.labels)
  return { env, to, text: JSON.stringify(manifests), pods }
}

describeChart('the services behind proxies', () => {
  it('are what the gateway may connect to, with no pods of their own, and it waits for the slowest', async () => {
    const { env, to, text, pods } = await gatewayOf()
    expect(to).toEqual(expect.arrayContaining(['legacy:8080', '2001:db8::1/128:443']))
    expect([env.EBB_UPSTREAMS, pods.some(({ of }) => of.includes('old-'))]).toEqual([undefined, false])
    expect(text).toMatch(/"terminationGracePeriodSeconds":7\d\d/)
  })

  it('are elsewhere where the values say so', async () => {
    const upstreams = {
      'old-shop': { url: 'https://shop.example/v2', egress: ['10.1.2.3:8443'] },
      'old-wiki': { url: 'http://wiki.staging.svc:3000' },
    }
    const { env, to } = await gatewayOf({ upstreams })
    expect(JSON.parse(String(env.EBB_UPSTREAMS))).toEqual({
      ...{ 'old-shop': 'https://shop.example/v2', 'old-wiki': 'http://wiki.staging.svc:3000' },
    })
    expect(to).toEqual(expect.arrayContaining(['10.1.2.3/32:8443', 'staging:3000']))
    expect(to.join()).not.toMatch(/legacy|2001/)
  })

  it.each<[string, Values, string]>([
    [
      'of no proxy',
      { upstreams: { shop: { url: 'http://a' } } },
      'there is no such proxy; there are old-shop, old-wiki',
    ],
    ['without a scheme', { upstreams: { 'old-shop': { url: 'shop:80' } } }, 'upstreams'],
  ])('%s are refused', async (_what, values, message) => {
    expect(await refusal(values, { proxies })).toContain(message)
  })
})
