import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { testDatabase } from '../../src/testing/index.ts'
import { untilTrue } from '../../test/support/until.ts'
import { gatewaySettings, startTestGateway } from './test-support.ts'

const database = testDatabase()

const route = (path: string, ms: number) => ({
  ...({ name: path.slice(4), method: 'GET', path, anonymous: true } as const),
  objective: { days: 7, failed: 0.001, slow: { share: 0.01, ms } },
})

it('tells what contracts promise, and counts the requests that took longer', async () => {
  const routes = [route('/v1/quick', 1), route('/v1/lenient', 60_000)]
  const { env } = await gatewaySettings(
    database.url,
    async (request, response) => {
      request.resume()
      // Longer than the one promises, and shorter than the other.
      await wait(5)
      response.writeHead(200, { 'ebb-revision': 'r1' }).end('{}')
    },
    { routes },
  )
  const { url, admin } = await startTestGateway(env)
  const metrics = async () => (await fetch(`${admin}/metrics`)).text()
  const before = await metrics()
  for (const path of ['quick', 'quick', 'lenient', 'public']) await (await fetch(`${url}/v1/${path}`)).text()
  await untilTrue(async () => (await metrics()).includes('ebb_slow_requests_total{route="/v1/quick",method="GET"} 2'), {
    what: 'the slow requests are counted',
  })
  const text = await metrics()
  for (const [path, slow] of [
    ['quick', 0],
    ['lenient', 0],
  ] as const)
    expect(before).toContain(`ebb_slow_requests_total{route="/v1/${path}",method="GET"} ${slow}\n`)
  expect(text).toContain('ebb_slow_requests_total{route="/v1/lenient",method="GET"} 0\n')
  expect(text).not.toContain('ebb_slow_requests_total{route="/v1/public"')
  expect(text).toContain('ebb_objective_budget_ratio{route="/v1/quick",method="GET",objective="availability"} 0.001\n')
  expect(text).toContain('ebb_objective_budget_ratio{route="/v1/quick",method="GET",objective="latency"} 0.01\n')
  expect(text).toContain('ebb_objective_period_days{route="/v1/lenient",method="GET"} 7\n')
  expect(text).not.toMatch(/ebb_objective_\w+\{route="\/v1\/public"/)
})
