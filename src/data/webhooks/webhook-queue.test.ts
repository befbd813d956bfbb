import { randomUUID } from 'node:crypto'
import { afterAll, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from '../../testing/index.ts'
import { databaseUrlFor } from '../../testing/test-database.ts'
import { createPool } from '../postgres/pool.ts'
import { offerEvent } from './offer-event.ts'
import { settleWebhooks } from './settle-webhooks.ts'
import { insertWebhook } from './webhook.ts'
import { leaseWebhookDeliveries, type WebhookDelivery } from './webhook-queue.ts'

const { ownerUrl, url } = testDatabase()
const log = createLog({ level: 'silent' })
const owner = createPool(ownerUrl, { log })
// With the relay's own login: what it may not do would be seen here.
const pool = createPool(databaseUrlFor('relay', url), { log, max: 20 })
afterAll(() => Promise.all([pool.end(), owner.end()]))

const ADA = { subject: 'ada', tenant: null, max: 100 }

async function make(type: string, { concurrency = 50, perSecond = 1_000 } = {}) {
  const id = randomUUID()
  const made = { id, url: 'https://example.com/', description: null, events: [type], perSecond, concurrency }
  const client = await owner.connect()
  await insertWebhook(client, { ...made, sealedSecret: Buffer.from('sealed') }, ADA).finally(() => client.release())
  return id
}
const offer = (type: string, subject = 'ada') => {
  const trace = { correlationId: 'c', traceparent: 't' }
  const whose = { tenant: null, owner: subject, createdAt: new Date().toISOString() }
  return offerEvent(pool, { id: randomUUID(), type, sentType: type, data: {}, ...whose, ...trace })
}
const lease = (limit = 100) => leaseWebhookDeliveries(pool, { limit, leaseMs: 60_000 })
const failed = ({ webhookId, messageId, leaseToken }: WebhookDelivery) => ({
  ...{ webhookId, messageId, leaseToken, state: 'waiting' as const, retryInMs: 0, durationMs: 0, status: 500 },
})

it('however many lease at once, a webhook gets no more at a time than it takes, and in a second no more than its rate', async () => {
  await make('a.happened', { concurrency: 2 })
  await make('b.happened', { perSecond: 3 })
  const startedAt = performance.now()
  for (let i = 0; i < 20; i++) await Promise.all([offer('a.happened'), offer('b.happened')])
  const leased = (await Promise.all(Array.from({ length: 20 }, () => lease()))).flat()
  const of = (type: string) => leased.filter((one) => one.type === type)
  expect(of('a.happened')).toHaveLength(2)
  // On a busy machine a moment is long: what is paid for since then counts as well.
  const paid = 3 + Math.floor(((performance.now() - startedAt) / 1_000) * 3)
  expect(of('b.happened').length).toBeGreaterThanOrEqual(3)
  expect(of('b.happened').length).toBeLessThanOrEqual(paid)
  expect(new Set(leased.map(({ messageId }) => messageId)).size).toBe(leased.length)
})

it('a webhook that another relay leases for is left to that, and nothing waits', async () => {
  const id = await make('l.happened')
  await offer('l.happened')
  const other = await owner.connect()
  await other.query('begin')
  await other.query('select from ebb.webhook where id = $1 for no key update', [id])
  const mine = async () => (await lease()).filter(({ webhookId }) => webhookId === id)
  expect(await mine()).toEqual([])
  // A new event is no reason to wait for it either.
  expect(await offer('l.happened')).toBe(1)
  await other.query('commit')
  other.release()
  expect(await mine()).toHaveLength(2)
})

it('a webhook whose attempts keep failing gets one at a time, and then rests', async () => {
  const id = await make('c.happened')
  for (let i = 0; i < 10; i++) await offer('c.happened')
  const restMs = async () => {
    const { rows } = await owner.query<{ ms: number }>(
      'select extract(epoch from rest_until - now())::float8 * 1000 as ms from ebb.webhook where id = $1',
      [id],
    )
    return rows[0]?.ms ?? 0
  }
  const taken: number[] = []
  for (let round = 0; round < 3; round++) {
    const mine = (await lease()).filter(({ webhookId }) => webhookId === id)
    taken.push(mine.length)
    await settleWebhooks(pool, mine.map(failed), { disableHours: 120 })
  }
  expect(taken).toEqual([10, 1, 1])
  expect(await restMs()).toBeGreaterThan(500)
  expect((await lease()).filter(({ webhookId }) => webhookId === id)).toEqual([])
})

it('an event goes to those of its owner alone, each once however often it is offered', async () => {
  await make('d.happened')
  expect([await offer('d.happened', 'ben'), await offer('d.happened')]).toEqual([0, 1])
})
