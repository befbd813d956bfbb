import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals'
import pg from 'pg'
import { testDatabase } from '../testing/test-database.ts'
import { createOutboxNotifier, OUTBOX_CHANNEL, PURGES_CHANNEL } from './outbox.ts'

afterAll(() => Promise.all([pool.end(), listener.end()]))
const { ownerUrl } = testDatabase()
const pool = new pg.Pool({ connectionString: ownerUrl, max: 1 })
const listener = new pg.Client({ connectionString: ownerUrl })

let told: string[] = []
let onTold = () => {}
listener.on('notification', ({ channel, payload }) => {
  told.push(payload ? `${channel} ${payload}` : channel)
  onTold()
})

/** Resolves to what was told since the last time, up to a notification that is sent now. */
async function toldByNow(): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<void>()
  onTold = () => told.at(-1) === `${PURGES_CHANNEL} now` && resolve()
  await pool.query(`notify ${PURGES_CHANNEL}, 'now'`)
  await promise
  return told.splice(0).slice(0, -1)
}

beforeAll(async () => {
  await listener.connect()
  await listener.query(`listen ${OUTBOX_CHANNEL}; listen ${PURGES_CHANNEL}`)
})
beforeEach(() => {
  told = []
  // Time stands still between `advanceTimersByTime`; everything else is real.
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'hrtime', 'Date'] })
})
afterEach(() => void jest.useRealTimers())

it('tells of the first event at once, and together of those that come within 10 ms of it', async () => {
  const notifier = createOutboxNotifier(pool)
  notifier.notify('events')
  await immediate()
  expect(await toldByNow()).toEqual(['ebb_outbox events'])

  for (let count = 0; count < 50; count++) notifier.notify(count % 2 ? 'events' : 'invocations')
  jest.advanceTimersByTime(9)
  await immediate()
  expect(await toldByNow()).toEqual([])
  jest.advanceTimersByTime(1)
  await immediate()
  expect(await toldByNow()).toEqual(['ebb_outbox invocations', 'ebb_outbox events'])

  jest.advanceTimersByTime(10)
  notifier.notify('purges')
  await immediate()
  expect(await toldByNow()).toEqual(['ebb_purges'])
})

it('sends what is due when it is closed', async () => {
  const notifier = createOutboxNotifier(pool)
  notifier.notify('events')
  await immediate()
  notifier.notify('purges')
  await notifier.flush()
  expect(await toldByNow()).toEqual(['ebb_outbox events', 'ebb_purges'])
})

/** After what was to run as soon as nothing else does. */
const immediate = () => new Promise((resolve) => setImmediate(resolve))
