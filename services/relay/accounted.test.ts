import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { createPool } from '../../src/data/postgres/pool.ts'
import { dropDead } from '../../src/data/queue/dead-letters.ts'
import { forgetDeadLetters, takeOverSettled } from '../../src/data/queue/history.ts'
import { redrive } from '../../src/data/queue/redrive.ts'
import { countDeliveries, sumTally } from '../../src/data/queue/tally.ts'
import { countStates, emit, emitAll, emptyOutbox, query } from './test-outbox.ts'
import { startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const { url, ownerUrl } = testDatabase()
const pool = createPool(ownerUrl, { log: createLog({ level: 'silent' }) })
beforeEach(() => emptyOutbox(url))

/** What a scrape tells of deliveries, without what is 0. */
async function scrape(admin: string): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${admin}/metrics`)).text()
  const lines = [...text.matchAll(/^ebb_deliver(?:ies_?|y_first_attempt_seconds_)(\w*)\{(.*)\} (\d+)$/gm)]
  const pairs = lines.map(([, name = '', labels = '', value]) => {
    const [consumer, other] = [...labels.matchAll(/="([^"]+)"/g)].map(([, label]) => label)
    return [[consumer, name, other].filter(Boolean).join(' '), Number(value)] as const
  })
  return Object.fromEntries(pairs.filter(([name, value]) => value !== 0 && !name.includes('bucket')))
}

const DEAD = { actor: 'test', reason: 'a test', dryRun: false }

it('every delivery is accounted for: made = done + dropped + waiting + leased + dead + parked', async () => {
  const { template } = await startSubscriber((response, count) => {
    const status = [204, 422, 422, 503][count - 1] ?? 204
    response.writeHead(status, { 'ebb-revision': 'r1', 'retry-after': '3600' }).end()
  })
  const subscriptions = [subscription('send-welcome', { scale: { max: 1, concurrency: 1 } })]
  const { admin } = await startTestRelay(url, template, { subscriptions })
  for (const state of ['done', 'dead', 'dead', 'waiting']) {
    const before = (await countStates(url))[state] ?? 0
    await emit(url)
    await until(`one more is ${state}`, async () => (await countStates(url))[state] === before + 1)
  }
  await query(url, `insert into ebb.delivery (event_id, consumer) select id, 'gone' from ebb.outbox limit 1`)
  expect(await scrape(admin)).toEqual({
    ...{ 'send-welcome made_total': 4, 'send-welcome ended_total done': 1 },
    ...{ 'send-welcome dead': 2, 'send-welcome waiting': 1, 'send-welcome count': 4 },
    ...{ 'gone made_total': 1, 'gone parked': 1 },
  })
})

const accounts = async () =>
  Object.fromEntries(
    (await countDeliveries(pool as never)).map(({ consumer, overdueSeconds: _, ...counts }) => [consumer, counts]),
  )
const NONE = { made: 0, done: 0, dropped: 0, waiting: 0, leased: 0, dead: 0 }

it('whoever writes a delivery: operators, what ends with its age, and a relay of 0.2', async () => {
  const [one, two, three, four] = await emitAll(url, { count: 4, notify: false })
  await query(
    url,
    `insert into ebb.delivery (event_id, consumer, state, settled_at)
     select id, 'old-name', 'dead', now() - interval '400 days' from unnest($1::uuid[]) as id
     union all select $2, 'old-name', 'done', now()`,
    [[one, two, three], four],
  )
  expect(await accounts()).toEqual({ 'old-name': { ...NONE, made: 4, done: 1, dead: 3 } })
  await dropDead(pool, { id: one }, DEAD)
  const filter = { id: two, consumer: 'old-name' }
  await redrive(pool, filter, { actor: 'test', to: 'new-name', findIssues: () => [] })
  await forgetDeadLetters(pool, { eventsDays: 30, keysHours: 24, deadLettersDays: 365, auditDays: 365 })
  await takeOverSettled(pool)
  const after = {
    'new-name': { ...NONE, made: 1, waiting: 1 },
    'old-name': { ...NONE, made: 3, done: 1, dropped: 2 },
  }
  expect(await accounts()).toEqual(after)
  await Promise.all([sumTally(pool), sumTally(pool)])
  expect(await accounts()).toEqual(after)
  expect(await query(url, 'select from ebb.delivery_tally')).toHaveLength(2)
})

it('one that is lost shows', async () => {
  const { template } = await startSubscriber()
  const { admin } = await startTestRelay(url, template, { subscriptions: [subscription('send-welcome')] })
  await emit(url)
  await until('it is done', async () => (await countStates(url)).done === 1)
  await query(url, 'insert into ebb.delivery_tally (consumer, made) values ($1, 1)', ['send-welcome'])
  expect(await scrape(admin)).toMatchObject({ 'send-welcome unaccounted': 1 })
})
