import { expect, it } from '@jest/globals'
import { testDatabase } from '../../src/testing/index.ts'
import { ADMIN, gatewaySettings, startTestGateway } from './test-support.ts'

const database = testDatabase()

it('503 without a call of a function that failed too often, until an operator resets its breaker', async () => {
  const state = { works: true, calls: 0 }
  const { env } = await gatewaySettings(database.url, (request, response) => {
    state.calls++
    if (state.works) response.setHeader('ebb-revision', '1').end('{}')
    else request.socket.destroy()
  })
  const { url, admin } = await startTestGateway(env)
  const get = async () => (await fetch(`${url}/v1/public`)).status
  const metrics = async () => (await fetch(`${admin}/metrics`)).text()
  expect(await get()).toBe(200)
  const sound = await metrics()
  expect(sound).toContain('ebb_upstream_connections{function="get-public"} 1')
  expect(sound).toContain('ebb_upstream_requests{function="get-public",state="pending"} 0')
  expect(sound).toContain('ebb_breaker_open{function="get-public"} 0')

  state.works = false
  for (let i = 0; i < 19; i++) expect(await get()).toBe(502)
  const { calls } = state
  expect([await get(), await get(), state.calls]).toEqual([503, 503, calls])
  const failed = await metrics()
  expect(failed).toContain('ebb_breaker_open{function="get-public"} 1')
  expect(failed).toContain('ebb_breaker_opened_total{function="get-public"} 1')
  expect(failed).toContain('ebb_wakeups_avoided_total{reason="breaker_open"} 2')
  expect(failed).toContain('ebb_upstream_retries_total{function="get-public",outcome="retried"} 13')
  expect(failed).toContain('ebb_upstream_retries_total{function="get-public",outcome="refused"} 6')

  state.works = true
  const explained = await fetch(`${admin}/v1/explain`, {
    ...{ method: 'POST', headers: { ...ADMIN, 'content-type': 'application/json' } },
    body: JSON.stringify({ method: 'GET', target: '/v1/public' }),
  })
  expect(await explained.json()).toMatchObject({ outcome: { status: 503, by: 'forward' } })
  const breakers = await fetch(`${admin}/v1/breakers`, { headers: ADMIN })
  expect(await breakers.json()).toMatchObject({ breakers: [{ name: 'get-public', state: 'open' }] })
  const reset = (name: string) => fetch(`${admin}/v1/breakers/${name}/reset`, { method: 'POST', headers: ADMIN })
  expect([(await reset('get-public')).status, (await reset('get-nothing')).status]).toEqual([204, 404])
  expect(await get()).toBe(200)
})
