import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { attemptsOf, countStates, emit, emptyOutbox, query } from '../../../services/relay/test-outbox.ts'
import { createLog } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { createPool } from '../postgres/pool.ts'
import { type Delivery, leaseDeliveries } from './deliveries.ts'
import { showEvent } from './events.ts'
import { fanOut } from './fan-out.ts'
import { type RedriveFilter, type RedriveOptions, redrive } from './redrive.ts'
import { reclaimDeliveries, settleDeliveries } from './settle-deliveries.ts'

const SUBSCRIBERS = [
  { name: 'send-welcome', on: 'user.created' },
  { name: 'count-users', on: 'user.created' },
  { name: 'say-goodbye', on: 'user.deleted' },
]
// Hooks run in the order in which they are declared: the pool closes before the database is dropped.
afterAll(() => pool.end())
const { ownerUrl: url } = testDatabase()
const pool = createPool(url, { log: createLog({ level: 'silent' }) })
beforeEach(async () => {
  await emptyOutbox(url)
  await query(url, 'truncate ebb.audit')
})

const lease = (consumer = 'send-welcome', limit = 100) => leaseDeliveries(pool, consumer, { limit, leaseMs: 60_000 })
const settle = (deliveries: readonly Delivery[], state: 'done' | 'dead') =>
  settleDeliveries(
    pool,
    deliveries.map((delivery) => ({ delivery, settlement: { state, status: 500, durationMs: 1 } })),
  )
const expire = () => query(url, `update ebb.delivery set locked_until = now() - interval '1 ms' where state = 'leased'`)
const again = (filter: RedriveFilter = {}, options: Partial<RedriveOptions> = {}) =>
  redrive(pool, filter, { actor: 'admin', findIssues: () => [], ...options })
const rows = () => query(url, 'select * from ebb.delivery order by event_id, consumer')

/** Dead letters of `count` events, oldest first; returns their events' ids. */
async function bury(count: number, { type = 'user.created', only }: { type?: string; only?: string } = {}) {
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.push(await emit(url, { type, payload: { n } }))
  await fanOut(pool, only ? SUBSCRIBERS.filter(({ name }) => name === only) : SUBSCRIBERS)
  for (const { name } of SUBSCRIBERS) await settle(await lease(name), 'dead')
  return ids
}

const outcomes = async (...given: Parameters<typeof again>) =>
  (await again(...given)).deliveries.map(({ eventId, consumer, outcome }) => [eventId, consumer, outcome])

describe('redrive takes what the filter names, the oldest first', () => {
  it('by type, consumer and id', async () => {
    const [first, second] = await bury(2)
    const [gone] = await bury(1, { type: 'user.deleted' })
    const dry = { dryRun: true }
    expect(await outcomes({ type: 'user.deleted' }, dry)).toEqual([[gone, 'say-goodbye', 'first']])
    expect(await outcomes({ consumer: 'count-users' }, dry)).toEqual([
      [first, 'count-users', 'first'],
      [second, 'count-users', 'follows'],
    ])
    expect(await outcomes({ id: second ?? '', consumer: 'send-welcome' }, dry)).toEqual([
      [second, 'send-welcome', 'first'],
    ])
    expect(await outcomes({ type: 'user.lost' }, dry)).toEqual([])
  })

  it('by time and limit, and says that there is more', async () => {
    const ids = await bury(3, { only: 'send-welcome' })
    await query(
      url,
      `with moved as (
         update ebb.outbox set created_at = '2026-01-01T00:00:00Z'::timestamptz + (payload->>'n')::int * interval '1 h'
         returning id, created_at
       )
       update ebb.delivery set event_time = created_at from moved where event_id = id`,
    )
    const idsOf = async (filter: RedriveFilter) =>
      (await again(filter, { dryRun: true })).deliveries.map(({ eventId }) => eventId)
    expect(await idsOf({ after: '2026-01-01T00:30:00Z' })).toEqual(ids.slice(1))
    expect(await idsOf({ before: '2026-01-01T01:30:00Z' })).toEqual(ids.slice(0, 2))
    expect(await idsOf({ after: '2026-01-01T00:00:00Z', before: '2026-01-01T02:00:00Z' })).toEqual([ids[1]])
    const limited = await again({ limit: 2 }, { dryRun: true })
    expect([limited.deliveries.map(({ eventId }) => eventId), limited.more]).toEqual([ids.slice(0, 2), true])
    expect((await again({ limit: 3 }, { dryRun: true })).more).toBe(false)
  })

  it('and nothing that is not dead', async () => {
    await emit(url)
    await fanOut(pool, SUBSCRIBERS)
    await settle(await lease('count-users'), 'done')
    expect(await outcomes()).toEqual([])
  })
})

it('a dry run changes nothing, and names what its subscriber would refuse', async () => {
  const [first] = await bury(2, { only: 'send-welcome' })
  const before = await rows()
  const issues = [{ path: 'data.n', message: 'Too small' }]
  const findIssues: RedriveOptions['findIssues'] = ({ payload }) => (Object(payload).n === 0 ? issues : [])
  const { deliveries, dryRun } = await again({}, { dryRun: true, findIssues })
  expect(dryRun).toBe(true)
  expect(deliveries.map(({ outcome }) => outcome)).toEqual(['misfit', 'first'])
  expect(deliveries[0]).toEqual({
    ...{
      eventId: first,
      consumer: 'send-welcome',
      type: 'user.created',
      attempts: 1,
      outcome: 'misfit',
      faults: issues,
    },
  })
  expect(await rows()).toEqual(before)
  expect(await query(url, 'select from ebb.audit')).toEqual([])
  expect(await query(url, 'select from ebb.redrive')).toEqual([])

  await again({}, { findIssues })
  expect(await countStates(url)).toEqual({ dead: 1, waiting: 1 })
})

it('gives a fresh allowance, continues the history, and records who did it', async () => {
  const [id = ''] = await bury(1, { only: 'send-welcome' })
  await again({ consumer: 'send-welcome' }, { actor: 'olga' })
  const audit = await query<{ subject: string }>(url, 'select actor, action, subject from ebb.audit')
  expect(audit).toMatchObject([{ actor: 'olga', action: 'event.redriven' }])
  const [event, consumer, ...filter] = audit[0]?.subject.split(' ') ?? []
  expect([event, consumer, JSON.parse(filter.join(' '))]).toEqual([
    ...[id, 'send-welcome'],
    { consumer: 'send-welcome', limit: 100 },
  ])
  const [leased] = await lease()
  expect(leased).toMatchObject({ attempt: 2, attemptsNotCounted: 1, redriven: true })
  await expire()
  // One attempt is granted in all: it is used up, and only since the redrive.
  const reclaim = async (attempts: number) =>
    (await reclaimDeliveries(pool, [{ consumer: 'send-welcome', attempts, leaseMs: 1 }])).reclaimed
  expect(await reclaim(2)).toMatchObject([{ attempt: 2, state: 'waiting' }])
  await lease()
  await expire()
  expect(await reclaim(2)).toMatchObject([{ attempt: 3, state: 'dead' }])
  expect((await attemptsOf(url, id)).map(({ number }) => number)).toEqual([1, 2, 3])
  expect((await showEvent(pool, id))?.deliveries[0]?.redriven).toEqual({
    ...{ at: expect.any(String), by: 'olga', afterAttempt: 1 },
  })
})

describe('of a redrive that stops on a failure', () => {
  it('the first one goes alone, and the others follow when it is done, in order and no faster than the rate', async () => {
    const ids = await bury(4)
    await again({ consumer: 'send-welcome' }, { perSecond: 2 })
    expect(await countStates(url)).toEqual({ waiting: 1, dead: 7 })
    const first = await lease()
    expect(first.map(({ eventId }) => eventId)).toEqual([ids[0]])
    await settle(first, 'done')
    const due = await query<{ event_id: string; s: number }>(
      url,
      `select event_id, round(extract(epoch from available_at - (select settled_at from ebb.delivery_state where state = 'done')), 3)::float8 as s
       from ebb.delivery where state = 'waiting' order by available_at`,
    )
    expect(due).toEqual([
      { event_id: ids[1], s: 0.5 },
      { event_id: ids[2], s: 1 },
      { event_id: ids[3], s: 1.5 },
    ])
    expect(await countStates(url)).toEqual({ done: 1, waiting: 3, dead: 4 })
  })

  it('none follows where the first dies again', async () => {
    const ids = await bury(3)
    await again()
    const before = await rows()
    await settle(await lease(), 'dead')
    expect(await lease()).toEqual([])
    expect(await countStates(url)).toEqual({ dead: 5, waiting: 1 })
    const after = await rows()
    // Those of the other subscriber are as they were.
    const others = (all: typeof after) => all.filter(({ consumer }) => consumer === 'count-users')
    expect(others(after)).toEqual(others(before))
    const follower = (all: typeof after) =>
      all.find((row) => row.event_id === ids[1] && row.consumer === 'send-welcome')
    expect(follower(after)?.settled_at).toEqual(follower(before)?.settled_at)
    expect((await outcomes({ consumer: 'send-welcome' })).map(([, , outcome]) => outcome)).toEqual([
      ...['first', 'follows', 'follows'],
    ])
  })

  it('those that were not tried yet are dead again where a later one dies', async () => {
    await bury(5, { only: 'send-welcome' })
    await again()
    await settle(await lease(), 'done')
    const [second, third] = await lease('send-welcome', 2)
    if (!second || !third) throw new Error('they do not follow')
    await settle([second], 'dead')
    expect(await countStates(url)).toEqual({ done: 1, dead: 3, leased: 1 })
    await settle([third], 'done')
    expect(await countStates(url)).toEqual({ done: 2, dead: 3 })
  })

  it('one that waits for another attempt of its own is left alone', async () => {
    await bury(4, { only: 'send-welcome' })
    await again()
    await settle(await lease(), 'done')
    const [second, third] = await lease('send-welcome', 2)
    if (!second || !third) throw new Error('they do not follow')
    const settlement = { state: 'waiting', retryInMs: 0, status: 503, durationMs: 1 } as const
    await settleDeliveries(pool, [{ delivery: second, settlement }])
    await settle([third], 'dead')
    expect((await lease()).map(({ eventId }) => eventId)).toEqual([second.eventId])
    expect(await countStates(url)).toEqual({ done: 1, leased: 1, dead: 2 })
  })

  it('a last attempt that a killed relay lost stops it as well', async () => {
    await bury(3, { only: 'send-welcome' })
    await again()
    await lease()
    await expire()
    await reclaimDeliveries(pool, [{ consumer: 'send-welcome', attempts: 1, leaseMs: 1 }])
    expect(await countStates(url)).toEqual({ dead: 3 })
    expect(await query(url, 'select from ebb.delivery where attempts = forgiven and redrive_id is not null')).toEqual(
      [],
    )
  })

  it('a first one that is tried again stops nothing and releases nothing', async () => {
    await bury(2, { only: 'send-welcome' })
    await again()
    const [first] = await lease()
    if (!first) throw new Error('nothing was due')
    const settlement = { state: 'waiting', retryInMs: 0, status: 503, durationMs: 1 } as const
    await settleDeliveries(pool, [{ delivery: first, settlement }])
    expect((await lease()).map(({ eventId }) => eventId)).toEqual([first.eventId])
    expect(await countStates(url)).toEqual({ leased: 1, dead: 1 })
  })
})

it('without a stop all go at once, in order and no faster than the rate', async () => {
  const ids = await bury(3, { only: 'send-welcome' })
  const { deliveries } = await again({}, { stopOnFailure: false, perSecond: 0.01 })
  expect(deliveries.map(({ outcome }) => outcome)).toEqual(['redriven', 'redriven', 'redriven'])
  const due = await query<{ event_id: string; ms: number }>(
    url,
    `select event_id, round(extract(epoch from available_at - min(available_at) over ()) * 1000)::int as ms
     from ebb.delivery order by available_at`,
  )
  expect(due).toEqual(ids.map((event_id, n) => ({ event_id, ms: n * 100_000 })))
  const [first] = await lease()
  if (!first) throw new Error('nothing was due')
  await settle([first], 'dead')
  expect(await countStates(url)).toEqual({ dead: 1, waiting: 2 })
})

it('sends each delivery once where two redrives run at the same time', async () => {
  await bury(20, { only: 'send-welcome' })
  const taken = await Promise.all([1, 2, 3].map(() => again({ limit: 10 }, { stopOnFailure: false })))
  const ids = taken.flatMap(({ deliveries }) => deliveries.map(({ eventId }) => eventId))
  expect(new Set(ids).size).toBe(ids.length)
  expect((await countStates(url)).waiting).toBe(ids.length)
})

describe('redrive to another subscriber, which was renamed', () => {
  it('takes the history along, and the event with it', async () => {
    const [id = ''] = await bury(1, { only: 'send-welcome' })
    expect((await again({ consumer: 'send-welcome' }, { to: 'greet' })).deliveries).toMatchObject([
      { eventId: id, consumer: 'greet', outcome: 'first', faults: [] },
    ])
    const [delivery, ...others] = await lease('greet')
    expect([delivery?.eventId, delivery?.attempt, others]).toEqual([id, 2, []])
    expect((await attemptsOf(url, id)).map(({ consumer, number }) => [consumer, number])).toEqual([['greet', 1]])
    expect(await lease('send-welcome')).toEqual([])
  })

  it('has no second effect where the first name had it', async () => {
    const [id = ''] = await bury(1, { only: 'send-welcome' })
    await query(url, `insert into ebb.inbox (consumer, source, id) values ('send-welcome', 'create-user', $1)`, [id])
    await again({ consumer: 'send-welcome' }, { to: 'greet' })
    expect(await query(url, `select source, id from ebb.inbox where consumer = 'greet'`)).toEqual([
      { source: 'create-user', id },
    ])
  })

  it('leaves events that it has already, and checks by its contract', async () => {
    const [both] = await bury(1)
    const [misfit] = await bury(1, { only: 'send-welcome' })
    const checked: string[] = []
    const findIssues: RedriveOptions['findIssues'] = ({ consumer }) => {
      checked.push(consumer)
      return [{ path: 'data.n', message: 'Too small' }]
    }
    const { deliveries } = await again({ consumer: 'send-welcome' }, { to: 'count-users', findIssues })
    expect(deliveries.map(({ eventId, outcome, faults }) => [eventId, outcome, faults[0]?.message])).toEqual([
      [both, 'misfit', 'count-users has this event already'],
      [misfit, 'misfit', 'Too small'],
    ])
    expect(checked).toEqual(['count-users'])
  })
})
