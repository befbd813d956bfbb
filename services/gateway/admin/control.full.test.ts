import { rename, writeFile } from 'node:fs/promises'
import { expect, it } from '@jest/globals'
import { testDatabase } from '../../../src/testing/index.ts'
import { startTestIssuer } from '../../../test/support/test-issuer.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { ADMIN, gatewaySettings, startTestGateway } from '../test-support.ts'

const database = testDatabase()

async function start(env: Readonly<Record<string, string>> = {}) {
  const settings = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const open = async () => {
    const gateway = await startTestGateway({ ...settings.env, ...env })
    const send = async (method: string, path: string, body?: unknown, headers: object = ADMIN) => {
      const response = await fetch(gateway.admin + path, {
        ...{ method, headers: { ...headers, 'content-type': 'application/json' } },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: JSON.parse(await response.text()) }
    }
    return { ...gateway, send }
  }
  return { ...settings, open }
}

it('200 the level of all gateways, which falls back by itself', async () => {
  const { open } = await start({ LOG_LEVEL: 'fatal' })
  const [one, other] = [await open(), await open()]
  for (const { heard } of [one, other]) await heard
  const set = await one.send('PUT', '/v1/log-level', { level: 'debug', forSeconds: 1 })
  expect(set).toEqual({
    status: 200,
    body: { level: 'debug', setting: 'fatal', until: expect.stringMatching(/^\d{4}-.*Z$/) },
  })
  const levelOf = async ({ send }: typeof one) => (await send('GET', '/v1/log-level')).body.level
  await untilTrue(async () => (await levelOf(other)) === 'debug')
  for (const gateway of [one, other]) await untilTrue(async () => (await levelOf(gateway)) === 'fatal')
  expect((await one.send('GET', '/v1/log-level')).body.until).toBeNull()
  expect((await one.send('PUT', '/v1/log-level', { level: 'loud' })).status).toBe(400)
})

it('200 the routes and contracts, and why newer contracts do not load', async () => {
  const { open, env, writeContracts } = await start()
  const { send } = await open()
  const { routes } = (await send('GET', '/v1/routes')).body
  expect(routes[0]).toMatchObject({ name: 'get-bound', path: '/v1/bound', access: 'a bound token', by: 'function' })
  expect(routes.find(({ name }: { name: string }) => name === 'create-thing').access).toBe(
    'a key or token, with things:write',
  )
  const contracts = async () => (await send('GET', '/v1/contracts')).body
  expect(await contracts()).toMatchObject({ file: 'contracts-1.cjs', reloads: 0, failure: null, routes: 7 })
  const point = async (name: string) => {
    await writeFile(`${env.EBB_CONTRACTS}.new`, name)
    await rename(`${env.EBB_CONTRACTS}.new`, env.EBB_CONTRACTS)
  }
  await point('contracts-gone.cjs')
  await untilTrue(async () => (await contracts()).failure !== null)
  expect(await contracts()).toMatchObject({
    file: 'contracts-1.cjs',
    failure: { file: 'contracts-gone.cjs', message: expect.stringContaining('ENOENT') },
  })
  await writeContracts({})
  await untilTrue(async () => (await contracts()).reloads === 1)
  expect(await contracts()).toMatchObject({ file: 'contracts-2.cjs', failure: null })
})

it('200 for a token that has the admin scope, 403 for one that has not; a change says whose it was', async () => {
  const issuer = await startTestIssuer()
  const { open } = await start({ EBB_ISSUERS: JSON.stringify([issuer.settings()]), EBB_ADMIN_SCOPE: 'ebb:admin' })
  const { send } = await open()
  const by = (claims: object) => ({ authorization: `Bearer ${issuer.token({ claims })}` })
  const operator = by({ sub: 'olga', scope: 'ebb:admin' })
  expect((await send('PUT', '/v1/log-level', { level: 'error' }, operator)).status).toBe(200)
  const { entries } = (await send('GET', '/v1/audit?limit=1', undefined, operator)).body
  expect(entries).toMatchObject([{ actor: 'admin olga', action: 'log-level.set', detail: { level: 'error' } }])
  const refusals = [
    await send('GET', '/v1/audit', undefined, by({ scope: 'things:write' })),
    await send('GET', '/v1/audit', undefined, by({ scope: 'ebb:admin', exp: 1 })),
    await send('GET', '/v1/audit', undefined, { authorization: 'Bearer nope' }),
  ]
  expect(refusals.map(({ status }) => status)).toEqual([403, 401, 401])
})

it('401 for any token where no scope is set', async () => {
  const issuer = await startTestIssuer()
  const { open } = await start({ EBB_ISSUERS: JSON.stringify([issuer.settings()]) })
  const { send } = await open()
  const token = issuer.token({ claims: { scope: 'ebb:admin' } })
  expect((await send('GET', '/v1/audit', undefined, { authorization: `Bearer ${token}` })).status).toBe(401)
})

it('200 what a gateway would do with a request, with its limits as they are, and none of them counted', async () => {
  const { open } = await start()
  const { send, url } = await open()
  const explain = async () => (await send('POST', '/v1/explain', { method: 'GET', target: '/v1/limited' })).body
  const left = async () => (await explain()).steps.find(({ step }: { step: string }) => step === 'admit').why
  expect(await left()).toContain('has 20 left')
  expect(await left()).toContain('has 20 left')
  await fetch(`${url}/v1/limited`)
  expect(await left()).toContain('has 19 left')
  const { forwardsTo, outcome } = await explain()
  expect([forwardsTo, outcome]).toEqual([expect.stringMatching(/\/get-limited\/v1\/limited$/), null])
})
