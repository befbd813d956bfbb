import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { CALLBACK_SECRET, client, closeAfterAll, NOTES, startPlatform, type TestPlatform } from '../async/platform.ts'
import { untilTrue } from '../support/until.ts'
import { isGenuine, startReceiver } from '../support/webhook-receiver.ts'

/** `EBB_TEST_CALLS=1000 npm run test:full -- test/chaos/callbacks` is what a release is shown by. */
const CALLS = Number(process.env.EBB_TEST_CALLS ?? 60)
const KILLS = Math.max(3, Math.round(CALLS / 50))
const AT_ONCE = 10

let platform: TestPlatform
let receiver: Awaited<ReturnType<typeof startReceiver>>
closeAfterAll(() => platform)
afterAll(() => receiver.close())
const database = testDatabase()
let ann: ReturnType<typeof client>
beforeAll(async () => {
  // Every third attempt fails: back-off, kills and retries fall together.
  let count = 0
  receiver = await startReceiver(() => (++count % 3 === 0 ? 503 : 204))
  platform = await startPlatform(database.ownerUrl, {
    env: { EBB_CALLBACK_SECRET: CALLBACK_SECRET, EBB_GUARDED_ALSO: receiver.host },
  })
  await platform.pool.query(NOTES)
  ann = client(platform, await platform.keyOf('ann'))
})

interface Ended {
  readonly id: string
  readonly state: string
  readonly text: string
}

/** Makes all calls, every tenth of which is cancelled at once, where that is still possible. */
async function makeCalls(): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>()
  const makeOne = async (i: number) => {
    const [text, mode] = [`call ${i}`, i % 5 === 0 ? 'refuse' : 'plain']
    const answer = await ann.send(
      '/v1/notes',
      { text, mode },
      { prefer: 'respond-async', 'ebb-callback': receiver.url },
    )
    const location = answer.headers.get('location') ?? ''
    expect(answer.status).toBe(202)
    if (i % 10 === 3) await ann.cancel(location)
    texts.set(location.split('/').at(-1) ?? '', text)
  }
  for (let i = 0; i < CALLS; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, (_, j) => makeOne(i + j)))
  return texts
}

/** What a relay that was killed had leased is due at once, and so is what waits for another attempt. */
const hurry = () =>
  platform.pool.query(`
    update ebb.invocation set locked_until = now() - interval '1 ms' where state = 'leased';
    update ebb.callback set locked_until = now() - interval '1 ms' where state = 'leased';
    update ebb.invocation set available_at = now() where state = 'waiting' and available_at > now();
    update ebb.callback set available_at = now() where state = 'waiting' and available_at > now();
    notify ebb_outbox`)

const countOf = async (sql: string) => Number((await platform.pool.query(sql)).rows[0].count)
const attempts = () =>
  countOf('select (select count(*) from ebb.invocation_attempt) + (select count(*) from ebb.callback_attempt) as count')

describe(`${CALLS} calls and their callbacks with the relay killed ${KILLS} times`, () => {
  it('end once each, have one effect or none, and tell of it as often as rows say', async () => {
    const making = makeCalls()
    const enough = CALLS / (KILLS + 1)
    for (let kill = 0; kill < KILLS; kill++) {
      const relay = platform.spawnRelay()
      const before = await attempts()
      await untilTrue(async () => (await attempts()) >= before + enough, { what: 'the relay makes calls' })
      relay.kill('SIGKILL')
      await once(relay, 'exit')
      await hurry()
    }
    const texts = await making
    platform.spawnRelay()
    const open = () =>
      countOf(`select count(*) from ebb.invocation left join ebb.callback on invocation_id = id
                                where invocation.settled_at is null or callback.settled_at is null`)
    await untilTrue(
      async () => {
        await platform.pool.query(`update ebb.callback set available_at = now() where state = 'waiting'`)
        await platform.pool.query('notify ebb_outbox')
        return (await open()) === 0
      },
      { limitMs: 120_000, what: 'every call has ended, and its address knows' },
    )

    const ended: Ended[] = await Promise.all(
      Array.from(texts, async ([id, text]) => ({ text, ...(await ann.stateOf(`/v1/invocations/${id}`)) })),
    )
    expect(ended).toHaveLength(CALLS)
    const { rows: notes } = await platform.pool.query('select text, count(*)::int from notes group by text')
    const effects = new Map(notes.map(({ text, count }) => [text, count]))
    const wrong = ended.filter(({ state, text }) => (effects.get(text) ?? 0) !== (state === 'done' ? 1 : 0))
    expect(wrong).toEqual([])

    // An attempt that a killed relay had made is in a row all the same, whether or not it came to the address.
    const { rows: counted } = await platform.pool.query(
      'select invocation_id as id, attempts, state, (select count(*)::int from ebb.callback_attempt as a where a.invocation_id = callback.invocation_id) as rows from ebb.callback',
    )
    for (const { id, attempts, state, rows } of counted) {
      const told = receiver.received.filter(({ headers }) => headers['webhook-id'] === id)
      const { state: end } = ended.find((one) => one.id === id) ?? {}
      expect([rows, state, told.length >= 1, told.length <= attempts]).toEqual([attempts, 'done', true, true])
      expect(new Set(told.map(({ body }) => JSON.parse(body).type))).toEqual(new Set([`call.${end}`]))
    }
    expect([counted.length, receiver.received.every((one) => isGenuine(one, CALLBACK_SECRET))]).toEqual([CALLS, true])
    const states = Object.groupBy(ended, ({ state }) => state)
    const numbers = Object.entries(states).map(([state, all = []]) => `${all.length} ${state}`)
    process.stdout.write(
      `${numbers.join(', ')}; ${receiver.received.length} callbacks came for ${CALLS} calls, ${await attempts()} attempts\n`,
    )
  }, 300_000)
})
