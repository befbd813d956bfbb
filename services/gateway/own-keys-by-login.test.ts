import { expect, it } from '@jest/globals'
import { testDatabase } from '../../src/testing/index.ts'
import { startTestIssuer } from '../../test/support/test-issuer.ts'
import { gatewaySettings, startTestGateway, untilStatus } from './test-support.ts'

const database = testDatabase()

it('whoever logs in at an issuer makes a key that two gateways take, and that both refuse when it is revoked', async () => {
  const issuer = await startTestIssuer()
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const settings = { ...env, EBB_ISSUERS: JSON.stringify([issuer.settings()]) }
  const [here, there] = [await startTestGateway(settings), await startTestGateway(settings)]
  await Promise.all([here.heard, there.heard])
  const login = { authorization: `Bearer ${await issuer.token({ claims: { sub: 'ada', scope: 'things:write' } })}` }
  const made = await fetch(`${here.url}/v1/keys`, {
    ...{ method: 'POST', body: JSON.stringify({ name: 'script', scopes: ['things:write'] }) },
    headers: { ...login, 'content-type': 'application/json', 'idempotency-key': 'one' },
  })
  const { key, token } = (await made.json()) as { key: { id: string; subject: string }; token: string }
  expect([made.status, key.subject]).toEqual([201, 'ada'])
  expect(made.headers.get('ratelimit-policy')).toContain('q=10;w=60')
  const use = (url: string) => fetch(`${url}/v1/things`, { headers: { 'x-api-key': token } })
  expect([(await use(here.url)).status, (await use(there.url)).status]).toEqual([200, 200])
  const revoked = await fetch(`${here.url}/v1/keys/${key.id}`, { method: 'DELETE', headers: login })
  expect(revoked.status).toBe(204)
  for (const url of [here.url, there.url]) await untilStatus(401, () => use(url))
  const document = (await (await fetch(`${here.url}/v1/usage`, { headers: login })).json()) as object
  expect(document).toMatchObject({ plan: null, quota: null, days: [] })
})
