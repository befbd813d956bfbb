import { expect, it } from '@jest/globals'
import { testGateway } from '../test-support.ts'

const PATHS = { low: '/v1/low', normal: '/v1/slow', high: '/v1/high' }

/** A gateway that is as late as a test says. */
async function setUp() {
  const late = { ms: 0 }
  const gateway = await testGateway({ dependencies: { load: { requestCame: () => {}, lagMs: () => late.ms } } })
  const ask = async (path: string, times = 10) => {
    const statuses: number[] = []
    for (let i = 0; i < times; i++) statuses.push((await fetch(gateway.url + path)).status)
    return statuses.filter((status) => status === 503).length
  }
  return { ...gateway, late, ask }
}

it.each([
  [0, { low: 0, normal: 0, high: 0 }],
  [75, { low: 5, normal: 0, high: 0 }],
  [150, { low: 10, normal: 5, high: 0 }],
  [250, { low: 10, normal: 10, high: 0 }],
  [450, { low: 10, normal: 10, high: 5 }],
  [1_000, { low: 10, normal: 10, high: 10 }],
])('503 %i ms late: of 10 requests each, those of a low priority first', async (ms, expected) => {
  const { late, ask, invoked, shed } = await setUp()
  late.ms = ms
  const refused = { low: await ask(PATHS.low), normal: await ask(PATHS.normal), high: await ask(PATHS.high) }
  expect(refused).toEqual(expected)
  const total = refused.low + refused.normal + refused.high
  expect([invoked.length, shed]).toEqual([30 - total, Array(total).fill('event_loop')])
})

it('503 says when to come again, and names no function that was called', async () => {
  const { url, late, shortCircuits } = await setUp()
  late.ms = 1_000
  const answer = await fetch(url + PATHS.normal)
  expect([answer.status, answer.headers.get('retry-after'), shortCircuits]).toEqual([503, '2', ['unavailable']])
  expect(await answer.json()).toMatchObject({ error: 'unavailable' })
})

it.each(['/_/health', '/_/ready', '/openapi.json'])('200 %s however late it is', async (path) => {
  const { url, late } = await setUp()
  late.ms = 10_000
  expect((await fetch(url + path)).status).toBe(200)
})
