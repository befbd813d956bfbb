import { expect, it } from '@jest/globals'
import { testDatabase } from '../../../src/testing/index.ts'
import { createTestKey, startTestIssuer } from '../../../test/support/test-issuer.ts'
import { ADMIN, gatewaySettings, startTestGateway, untilStatus } from '../test-support.ts'

const database = testDatabase()

it('a key that its issuer has withdrawn is refused by all gateways after one request to any of them', async () => {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const issuer = await startTestIssuer()
  const all = { ...env, EBB_ISSUERS: JSON.stringify([issuer.settings()]) }
  const gateways = [await startTestGateway(all), await startTestGateway(all)]
  for (const { heard } of gateways) await heard
  const token = issuer.token()
  const ask = (url: string) => fetch(`${url}/v1/things`, { headers: { authorization: `Bearer ${token}` } })
  for (const { url } of gateways) expect((await ask(url)).status).toBe(200)
  const next = await createTestKey()
  issuer.publish(next)
  issuer.withdraw(issuer.key)
  const refreshed = await fetch(`${gateways[0]!.admin}/v1/issuers/refresh`, { method: 'POST', headers: ADMIN })
  expect([refreshed.status, await refreshed.json()]).toEqual([
    200,
    { issuers: [{ issuer: issuer.issuer, kids: [next.kid], fetchedAt: expect.stringMatching(/Z$/) }] },
  ])
  // The one that was asked refuses it at once.
  expect((await ask(gateways[0]!.url)).status).toBe(401)
  await untilStatus(401, () => ask(gateways[1]!.url))
  const fresh = { authorization: `Bearer ${issuer.token({ by: next })}` }
  for (const { url } of gateways) expect((await fetch(`${url}/v1/things`, { headers: fresh })).status).toBe(200)
})

it('200 the issuers, and what is wrong with one; a gateway is ready without it', async () => {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const issuer = await startTestIssuer()
  await issuer.stop()
  const { url, admin } = await startTestGateway({ ...env, EBB_ISSUERS: JSON.stringify([issuer.settings()]) })
  expect((await fetch(`${url}/_/ready`)).status).toBe(200)
  const answer = await fetch(`${url}/v1/things`, { headers: { authorization: `Bearer ${issuer.token()}` } })
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
  const status = await fetch(`${admin}/v1/issuers`, { headers: ADMIN })
  expect(await status.json()).toEqual({ issuers: [{ issuer: issuer.issuer, kids: [], error: expect.any(String) }] })
  expect((await fetch(`${admin}/v1/issuers`)).status).toBe(401)
})

it('a setting that does not fit stops the start with one sentence', async () => {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const start = (issuers: unknown) => startTestGateway({ ...env, EBB_ISSUERS: JSON.stringify(issuers) })
  await expect(start([{ issuer: 'https://login.example' }])).rejects.toThrow(/^EBB_ISSUERS: issuer\.0\.audience/)
  await expect(start({})).rejects.toThrow(/^EBB_ISSUERS: issuer: /)
})
