import { afterAll, expect, it } from '@jest/globals'
import { createLog } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { createPool } from '../postgres/pool.ts'
import { findCallbackDueTime, leaseCallbacks, MAX_PER_CALLER, settleCallback } from './callback-queue.ts'

// Hooks run in the order in which they are declared: the pool closes before the database is dropped.
afterAll(() => pool.end())
const { ownerUrl: url } = testDatabase()
const pool = createPool(url, { log: createLog({ level: 'silent' }) })

/** Calls that have ended, each with an address that is to be told. */
const endCalls = async (caller: string, count: number) => {
  await pool.query(
    `insert into ebb.invocation (id, caller, scopes, function, method, target, headers, body, correlation_id, traceparent, callback_url)
     select gen_random_uuid(), $1, '{}', 'take-note', 'POST', '/', '{}', '', 'c', 't', 'https://' || $1 || '.example'
     from generate_series(1, $2::int)`,
    [caller, count],
  )
  await pool.query(`update ebb.invocation set state = 'done', settled_at = now() where settled_at is null`)
}
const lease = () => leaseCallbacks(pool, { limit: 100, leaseMs: 60_000 })
const hosts = (leased: Awaited<ReturnType<typeof lease>>) => leased.map(({ url: address }) => new URL(address).host)

it('one caller has so many callbacks on their way at a time, and the others have theirs', async () => {
  await endCalls('ann', 2 * MAX_PER_CALLER)
  await endCalls('ben', 2)
  const leased = await lease()
  expect(hosts(leased).filter((host) => host === 'ann.example')).toHaveLength(MAX_PER_CALLER)
  expect(hosts(leased).filter((host) => host === 'ben.example')).toHaveLength(2)
  // What only waits for callbacks of the same caller is not looked for again and again.
  expect([await lease(), await findCallbackDueTime(pool)]).toEqual([[], undefined])

  const [one] = leased.filter(({ url: address }) => address.includes('ann'))
  if (one) await settleCallback(pool, one, { state: 'done', durationMs: 1, status: 204 })
  expect(await findCallbackDueTime(pool)).toBeLessThanOrEqual(0)
  expect(hosts(await lease())).toEqual(['ann.example'])
})
