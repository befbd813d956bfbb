import { expect, it } from '@jest/globals'
import { parseIssuers } from 'ebb/protocol'
import { describeChart, ofKind, refusal, renderChart, type Values } from './helm.ts'
import { componentOf, podsOf } from './pods.ts'

const KEYCLOAK = {
  ...{ issuer: 'https://sso.example/realms/shop', audience: 'shop-api', algorithms: ['RS256'], types: ['JWT'] },
  ...{ claims: { roles: 'realm_access.roles', tenant: ['https://shop.example/tenant'] }, clients: ['web'] },
  ...{
    clockToleranceSeconds: 30,
    introspection: { clientId: 'gateway', existingSecret: 'keycloak', maxAgeSeconds: 20 },
  },
}
const DEX = {
  ...{ issuer: 'http://dex.auth.svc:5556/dex', audience: ['shop'], algorithms: ['RS256'], allowHttp: true },
  ...{ subjectPrefix: 'dex:', refreshSeconds: 60, egress: ['dex.auth.svc:5556'] },
}

describeChart('the issuers of access tokens', () => {
  it('are what the gateway takes, and nobody else gets; the secret of introspection is a file', async () => {
    const pods = podsOf(await renderChart({ issuers: [KEYCLOAK, DEX] }))
    const withIssuers = pods.filter(({ spec }) => spec.containers[0]?.env?.some(({ name }) => name === 'EBB_ISSUERS'))
    expect(withIssuers.map(componentOf)).toEqual(['gateway'])
    const [gateway] = withIssuers
    const env = Object.fromEntries((gateway?.spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value]))
    const { existingSecret: _, ...introspection } = KEYCLOAK.introspection
    const { egress: _egress, ...dex } = DEX
    const given = JSON.parse(String(env.EBB_ISSUERS))
    expect(given).toEqual([{ ...KEYCLOAK, introspection }, dex])
    expect(parseIssuers(given)).toHaveLength(2)
    expect(env.EBB_INTROSPECTION_SECRET_FILE).toBe('/var/run/secrets/ebb/EBB_INTROSPECTION_SECRET')
    expect(JSON.stringify(gateway)).toContain(
      '{"secret":{"name":"keycloak","items":[{"key":"client-secret","path":"EBB_INTROSPECTION_SECRET"}]}}',
    )
  })

  it('are not there by default', async () => {
    expect(JSON.stringify(ofKind(await renderChart(), 'Deployment'))).not.toContain('EBB_ISSUERS')
  })

  it.each<[string, Values, string]>([
    [
      'without audience',
      { issuers: [{ issuer: 'https://a.example', algorithms: ['RS256'] }] },
      "missing property 'audience'",
    ],
    ['with HS256', { issuers: [{ ...DEX, algorithms: ['HS256'] }] }, "'/issuers/0/algorithms/0'"],
    [
      'of which two could name one caller',
      { issuers: [DEX, { ...KEYCLOAK, subjectPrefix: 'dex:' }] },
      'give each a subjectPrefix',
    ],
    [
      'of which two introspect',
      { issuers: [KEYCLOAK, { ...DEX, introspection: KEYCLOAK.introspection }] },
      'only one can have introspection',
    ],
  ])('%s are refused', async (_what, values, message) => expect(await refusal(values)).toContain(message))
})
