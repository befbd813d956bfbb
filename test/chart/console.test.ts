import { expect, it } from '@jest/globals'
import { describeChart, ofKind, refusal, renderChart, type Values } from './helm.ts'
import { componentOf, podsOf } from './pods.ts'

// In the order in which Helm writes it.
const ISSUER = { algorithms: ['RS256'], audience: 'shop-api', issuer: 'https://sso.example/realms/shop' }
const CONSOLE: Values = {
  ...{ issuers: [ISSUER], gateway: { adminScope: 'ebb:admin' } },
  console: { enabled: true, url: 'https://console.example', clientId: 'console', existingSecret: 'console-login' },
}

describeChart('the console', () => {
  it('is a pod without any key of the gateways, which reaches them by their own addresses', async () => {
    const manifests = await renderChart(CONSOLE)
    const pod = podsOf(manifests).find((pod) => componentOf(pod) === 'console')
    const [container] = pod?.spec.containers ?? []
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]))
    expect(env).toEqual({
      ...{ PORT: '8080', LOG_LEVEL: 'info', EBB_ISSUERS: JSON.stringify([ISSUER]), EBB_ADMIN_SCOPE: 'ebb:admin' },
      ...{ EBB_CONSOLE_URL: 'https://console.example', EBB_CONSOLE_GATEWAYS: 'http://ebb-gateway-pods:8081' },
      ...{ EBB_CONSOLE_CLIENT_ID: 'console', EBB_CONSOLE_SCOPES: 'openid' },
      EBB_CONSOLE_CLIENT_SECRET_FILE: '/var/run/secrets/ebb/EBB_CONSOLE_CLIENT_SECRET',
    })
    const secrets = JSON.stringify(pod?.spec).match(/(?<="secret":\{"name":")[^"]+/g)
    expect(secrets).toEqual(['console-login'])
    const services = ofKind(manifests, 'Service').map(({ metadata, spec }) => [metadata.name, Object(spec).clusterIP])
    expect(services).toContainEqual(['ebb-gateway-pods', 'None'])
  })

  it('is the only one that may call the admin ports, beside what was let in before', async () => {
    const policyOf = async (values: Values) =>
      JSON.stringify(
        ofKind(await renderChart(values), 'NetworkPolicy').find(({ metadata }) => metadata.name === 'ebb-gateway'),
      )
    expect(await policyOf(CONSOLE)).toContain('"values":["test","console"]')
    expect(await policyOf({})).not.toContain('console')
  })

  it('is not there by default', async () => {
    const names = (await renderChart()).map(({ metadata }) => metadata.name)
    expect(names.filter((name) => /console|gateway-pods/.test(name))).toEqual([])
  })

  it.each<[string, Values, string]>([
    ['without an issuer', { ...CONSOLE, issuers: [] }, 'issuers: name the one at which operators log in'],
    ['without a scope', { ...CONSOLE, gateway: { adminScope: '' } }, 'gateway.adminScope: say with which scope'],
    ['without an address', { ...CONSOLE, console: { enabled: true, clientId: 'a' } }, 'console.url, console.clientId'],
    [
      'with a path',
      { ...CONSOLE, console: { enabled: true, clientId: 'a', url: 'https://a.example/b' } },
      '/console/url',
    ],
  ])('%s is refused', async (_what, values, message) => expect(await refusal(values)).toContain(message))
})
