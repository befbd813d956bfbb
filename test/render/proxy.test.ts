import { expect, it } from '@jest/globals'
import { proxy } from 'ebb/contract'
import { parse, parseAllDocuments } from 'yaml'
import { render } from '../../src/deploy/render/index.ts'
import { byName, fixture, OPTIONS, USES } from './fixture.ts'

const shared = { summary: 'As it was.', access: { scopes: ['old:use'] } } as const
const shop = proxy({ ...shared, name: 'old-shop', path: '/shop/*', upstream: { url: 'http://crm.legacy.svc' } })
const wiki = proxy({
  ...{ ...shared, name: 'old-wiki', path: '/wiki/*', timeoutMs: 600_000 },
  upstream: { url: 'https://[2001:db8::1]/', egress: ['192.0.2.9:8443'] },
})
const blog = proxy({ ...shared, name: 'blog', path: '/blog/*', upstream: { url: 'https://[2001:db8::2]' } })

it('a proxy is no function on any cluster: the gateway may connect to its service, and waits for it', () => {
  const options = { ...OPTIONS, uses: USES }
  const without = render(fixture, options)
  const files = render({ ...fixture, ...byName(shop, wiki, blog) }, options)
  const changed = Object.keys(files).filter((name) => files[name] !== without[name])
  expect(changed.sort()).toEqual([
    'charts/ebb/dashboards/endpoint.json',
    'charts/ebb/functions.yaml',
    'k8s/base/gateway.yaml',
    'k8s/base/network-policies.yaml',
  ])
  expect(Object.keys(files)).toEqual(Object.keys(without))
  expect(parse(files['charts/ebb/functions.yaml'] ?? '').proxies).toEqual({
    blog: { timeoutMs: 10_000, url: 'https://[2001:db8::2]', egress: ['[2001:db8::2]:443'] },
    'old-shop': { timeoutMs: 10_000, url: 'http://crm.legacy.svc', egress: ['crm.legacy.svc:80'] },
    'old-wiki': { timeoutMs: 600_000, url: 'https://[2001:db8::1]/', egress: ['192.0.2.9:8443'] },
  })
  const policies = parseAllDocuments(files['k8s/base/network-policies.yaml'] ?? '').map((one) => one.toJS())
  const gateway = policies.find(({ metadata }) => metadata.name === 'ebb-gateway')
  expect(gateway.spec.egress.slice(-3)).toEqual([
    { to: [{ ipBlock: { cidr: '2001:db8::2/128' } }], ports: [{ protocol: 'TCP', port: 443 }] },
    { to: [expect.objectContaining({ namespaceSelector: expect.anything() })], ports: [{ protocol: 'TCP', port: 80 }] },
    { to: [{ ipBlock: { cidr: '192.0.2.9/32' } }], ports: [{ protocol: 'TCP', port: 8443 }] },
  ])
})
