import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { listCanaries, startCanary } from '../../src/data/canaries/canary-store.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { totalsOf } from '../../src/protocol/canary/judge-canary.ts'
import { countStates, emit, emptyOutbox } from './test-outbox.ts'
import { startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => owner.end())
const database = testDatabase()
const { url } = database
const owner = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })
beforeEach(async () => {
  await emptyOutbox(url)
  await owner.query('truncate ebb.canary, ebb.audit')
})

const NAME = 'send-welcome'
const settled = (count: number) => until(`${count} are done`, async () => (await countStates(url)).done === count)
const begin = () =>
  startCanary(owner, { name: NAME, image: 'new', steps: [50], requests: 10, seconds: 0, byHeader: false }, 'admin')

const retry = { attempts: 100, minDelayMs: 100, maxDelayMs: 200 }

/** A relay, and a subscriber whose canary answers with this status. */
async function start(status: number) {
  const { received, template } = await startSubscriber((response, _count, { url: called }) => {
    const isCanary = called.startsWith('/canary-')
    response.writeHead(isCanary ? status : 204, status === 404 && isCanary ? {} : { 'ebb-revision': '1' }).end()
  })
  const { log } = await startTestRelay(url, template, { subscriptions: [subscription(NAME, { retry })] })
  // What it delivers before it has read of the canary goes to the old revision, and says nothing of either.
  await until('the relay follows the canary', () => log.count('a canary gets callers') === 1)
  const idsAt = (path: string) => received.filter((one) => one.url === path).map(({ headers }) => headers['ce-id'])
  return { old: () => idsAt(`/${NAME}/`), canary: () => idsAt(`/canary-${NAME}/`) }
}

const emitMany = async (count: number) => {
  for (let i = 0; i < count; i++) await emit(url)
}

it('a share of the events goes to the canary, each to one revision, until that is found fine', async () => {
  await begin()
  const { old, canary } = await start(204)
  await emitMany(60)
  await settled(60)
  expect(new Set([...old(), ...canary()]).size).toBe(old().length + canary().length)
  expect(canary().length).toBeGreaterThan(10)
  const stateNow = async () => (await listCanaries(owner))[0]?.state
  await until('it is judged', async () => (await stateNow()) !== 'running')
  expect(await stateNow()).toBe('passed')
})

it('one that fails is ended, its events go to the old revision, and none is lost', async () => {
  await begin()
  const { canary } = await start(500)
  // By chance most of a few events may be of the old revision, which is no evidence.
  let emitted = 0
  await until('it is judged', async () => {
    await emitMany(2)
    emitted += 2
    return (await listCanaries(owner))[0]?.state !== 'running'
  })
  await settled(emitted)
  const [ended] = await listCanaries(owner)
  expect(ended).toMatchObject({
    state: 'aborted',
    share: 0,
    // A 500 is both, and which has the evidence first is a matter of how many were counted together.
    why: expect.stringMatching(/requests (failed|were answered with what the contract does not declare) by the canary/),
  })
  expect(ended && totalsOf(ended.judgement).canary.failures).toBeGreaterThan(2)
  expect(canary().length).toBeGreaterThan(2)
})

it('a canary that is not there gets no event, and each is delivered all the same', async () => {
  await begin()
  const { old } = await start(404)
  await emitMany(20)
  await settled(20)
  expect(new Set(old()).size).toBe(20)
})
