import { createServer } from 'node:http'
import { expect, it } from '@jest/globals'
import type { AdminOutput } from '../../../src/protocol/admin/admin-endpoint.ts'
import { listAlerts } from '../../../src/protocol/admin/alerts.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { ADMIN, gatewaySettings, listenForTest, startTestGateway } from '../test-support.ts'

const database = testDatabase()

type Listed = AdminOutput<typeof listAlerts>

async function start(settings: Readonly<Record<string, string>> = {}) {
  const { env } = await gatewaySettings(database.url, (request, response) => {
    request.resume()
    response.writeHead(500, { 'ebb-revision': 'r1' }).end()
  })
  const { url, admin } = await startTestGateway({ ...env, ...settings })
  const list = async (): Promise<Listed> => {
    const response = await fetch(`${admin}/v1/alerts`, { headers: ADMIN })
    return listAlerts.reply.body.parse(await response.json())
  }
  const named = async (name: string) => (await list()).alerts.filter((alert) => alert.name === name)
  return { url, admin, list, named }
}

it('200 lists all alerts, those on metrics of others as unknown', async () => {
  const { list, named } = await start()
  const { alerts, since, evaluatedAt } = await list()
  expect(new Set(alerts.map(({ state }) => state))).toEqual(new Set(['inactive', 'unknown']))
  expect(Date.parse(evaluatedAt)).toBeGreaterThanOrEqual(Date.parse(since))
  expect(await named('EbbDeadLetters')).toMatchObject([
    { state: 'unknown', runbook: 'docs/runbooks/EbbDeadLetters.md' },
  ])
  expect(await named('EbbReplicaAway')).toMatchObject([{ state: 'unknown' }])
  expect(await named('EbbFailures')).toMatchObject([{ state: 'inactive', severity: 'warning', forSeconds: 300 }])
  expect((await named('EbbObjectiveAtRisk')).map(({ window }) => window)).toEqual(['1h', '6h', '3d'])
})

it('200 an alert whose condition holds is pending, and says what is wrong', async () => {
  const { url, named } = await start()
  expect(await named('EbbFailures')).toMatchObject([{ instances: [] }])
  for (let i = 0; i < 30; i++) await fetch(`${url}/v1/public`)
  await untilTrue(async () => (await named('EbbFailures'))[0]?.state === 'pending', {
    what: 'the failures are noticed',
  })
  const [found] = await named('EbbFailures')
  expect(found).toMatchObject({
    state: 'pending',
    instances: [{ state: 'pending', value: 1, summary: 'Of the requests of the last five minutes, 100% failed.' }],
  })
})

it("200 with the relay's metrics, the relay's alerts are known", async () => {
  const metrics =
    'ebb_build_info{version="1"} 1\nebb_dead_letters 3\nebb_deliveries{consumer="a\\"b",state="parked"} 2\n'
  const relay = createServer((_request, response) => void response.end(metrics))
  const { named } = await start({ EBB_RELAY_METRICS_URL: `http://127.0.0.1:${await listenForTest(relay)}/metrics` })
  expect(await named('EbbDeadLetters')).toMatchObject([
    { state: 'pending', instances: [{ value: 3, summary: 'Deliveries were given up; there are 3.' }] },
  ])
  expect(await named('EbbDeliveriesParked')).toMatchObject([{ instances: [{ labels: { consumer: 'a"b' } }] }])
  expect(await named('EbbRelayAbsent')).toMatchObject([{ state: 'inactive' }])
})

it('200 a relay that does not answer is absent', async () => {
  const { named } = await start({ EBB_RELAY_METRICS_URL: 'http://127.0.0.1:1/metrics' })
  expect(await named('EbbRelayAbsent')).toMatchObject([{ state: 'pending', severity: 'critical' }])
  expect(await named('EbbDeadLetters')).toMatchObject([{ state: 'inactive' }])
})

it('401 without the key of operators', async () => {
  const { admin } = await start()
  expect((await fetch(`${admin}/v1/alerts`)).status).toBe(401)
})
