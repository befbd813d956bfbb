import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'
import { sendMixed } from './mixed-requests.ts'
import { readWholeCost } from './read-cost.ts'
import { watchInstances } from './watch-instances.ts'

/** How long a process has nothing to do before it is ended. */
const IDLE_SECONDS = 2

let ebb: TestEbb
beforeAll(async () => {
  ebb = await startEbb({ env: { EBB_IDLE_MS: String(IDLE_SECONDS * 1_000) } })
})
afterAll(() => ebb.stop())

/** What of a life nobody knows: how long its end takes after its last word to the database, which is long on a machine with other work. */
const OUTSIDE_SECONDS = 3

// How far apart both are, of many requests: `npm run e2e:cost`.
it('the seconds that are priced are those that the processes of functions have lived', async () => {
  const watched = watchInstances(ebb.events)
  await sendMixed(ebb, { requests: 120 })
  // 20 of them lead to an event, for which the relay calls.
  await readWholeCost(ebb, 140)
  await untilTrue(() => watched.running() === 0, { what: 'no function runs' })
  watched.close()
  const cost = await readWholeCost(ebb, 140)
  expect(cost.currency).toBe('EUR')
  const ran = cost.functions.filter(({ instances }) => instances > 0)
  expect(ran.map(({ name }) => name).sort()).toEqual([...watched.seconds().keys()].sort())
  expect(ran.reduce((sum, { instances }) => sum + instances, 0)).toBe(watched.count())
  for (const { name, instances, seconds } of ran) {
    const account = seconds.starting + seconds.busy + seconds.idle + seconds.warm
    const lived = watched.seconds().get(name) ?? 0
    expect(account).toBeLessThan(lived + OUTSIDE_SECONDS * instances)
    expect(account).toBeGreaterThan(lived - OUTSIDE_SECONDS * instances)
    expect(seconds.busy).toBeGreaterThan(0)
    // Each said how long it was idle before it was ended: nothing but its last word knows.
    expect(seconds.idle + seconds.warm).toBeGreaterThan(0.95 * IDLE_SECONDS * instances)
  }
  expect(cost.functions.find(({ name }) => name === 'create-user')).toMatchObject({
    requests: 40,
    calls: 20,
    avoided: 20,
  })
  expect(cost.functions.find(({ name }) => name === 'send-welcome-email')).toMatchObject({ calls: 20 })
  const amounts = cost.functions.map(({ cost: { total } }) => total ?? 0)
  expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBeCloseTo(cost.cost ?? 0, 9)
})
