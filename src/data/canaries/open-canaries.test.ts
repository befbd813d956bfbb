import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { createLog } from '../../kernel/index.ts'
import { totalsOf } from '../../protocol/canary/judge-canary.ts'
import { testDatabase } from '../../testing/index.ts'
import { createPool } from '../postgres/pool.ts'
import { listCanaries, startCanary } from './canary-store.ts'
import { openCanaries } from './open-canaries.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => owner.end())
const database = testDatabase()
const log = createLog({ level: 'silent' })
const owner = createPool(database.ownerUrl, { log })
beforeEach(async () => {
  await owner.query('truncate ebb.canary, ebb.audit')
  const of = { name: 'say-hello', image: 'new', steps: [50], requests: 10, seconds: 0, byHeader: false }
  await startCanary(owner, of, 'admin')
})

const call = (isReached: boolean) => ({
  ...({ name: 'say-hello', variant: 'canary', status: isReached ? 200 : undefined, isReached } as const),
  ...{ undeclared: false, broken: undefined, cold: false, waitMs: undefined },
})

/** What is written of calls that arrived at the canary, or did not. */
async function countedOf(arrived: readonly boolean[], startingMs?: number) {
  const canaries = openCanaries(owner, { log, ...(startingMs === undefined ? {} : { startingMs }) })
  await canaries.refresh()
  for (const [caller, isReached] of arrived.entries()) canaries.count(String(caller), call(isReached))
  await canaries.close()
  const [canary] = await listCanaries(owner)
  if (!canary) throw new Error('there is no canary')
  const { requests, failures } = totalsOf(canary.judgement).canary
  return { requests, failures }
}

it('what does not arrive at a canary that has just started is not counted against it', async () => {
  expect(await countedOf([false, false, true])).toEqual({ requests: 1, failures: 0 })
})

it('what does not arrive later is: after something has arrived, or when it has had the time to start', async () => {
  expect(await countedOf([true, false])).toEqual({ requests: 2, failures: 1 })
  expect(await countedOf([false], 0)).toEqual({ requests: 3, failures: 2 })
})
