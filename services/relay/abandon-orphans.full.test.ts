import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { attemptsOf, deliveriesOf, emit, emptyOutbox, query, TRACEPARENT } from './test-outbox.ts'
import { startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

const { url } = testDatabase()
beforeEach(async () => {
  await emptyOutbox(url)
  await query(url, 'truncate ebb.known_function, ebb.invocation cascade')
})

const SOON = { EBB_ABANDON_AFTER_MS: '500' }

/** A subscriber that was there, and has a delivery that waits. */
async function leaveBehind(state: 'waiting' | 'leased' = 'waiting') {
  const id = await emit(url, { notify: false })
  await query(
    url,
    `insert into ebb.delivery (event_id, consumer, state, attempts, lease_token, locked_until)
     values ($1, 'old-name', $2, 1, case when $2 = 'leased' then gen_random_uuid() end,
             case when $2 = 'leased' then now() - interval '1 s' end)`,
    [id, state],
  )
  if (state === 'leased') return id
  await query(
    url,
    `insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, traceparent) values ($1, 'old-name', 1, now(), 1, 't')`,
    [id],
  )
  return id
}

const stateOf = async (id: string, consumer: string) =>
  (await deliveriesOf(url, id)).find((delivery) => delivery.consumer === consumer)?.state
const isDead = (id: string) => until('it is dead', async () => (await stateOf(id, 'old-name')) === 'dead')

it.each(['waiting', 'leased'] as const)(
  'what is %s for a subscriber that is gone is dead, and says why',
  async (state) => {
    const id = await leaveBehind(state)
    const { template } = await startSubscriber()
    const { log } = await startTestRelay(url, template, { subscriptions: [subscription('new-name')], env: SOON })
    await isDead(id)
    expect(await stateOf(id, 'new-name')).toBe('done')
    const history = (await attemptsOf(url, id)).filter(({ consumer }) => consumer === 'old-name')
    expect(history.at(-1)).toMatchObject({
      number: 2,
      error: 'no subscriber is called old-name any more',
      status: null,
    })
    const lines = log.deliveries().filter((line) => line.function === 'old-name')
    expect(lines).toMatchObject([{ event: id, outcome: 'dead', error: 'no subscriber is called old-name any more' }])
  },
)

it('is not abandoned while any relay knows the subscriber, as in a rollout', async () => {
  const id = await leaveBehind()
  const { template } = await startSubscriber((response) => response.writeHead(503, { 'retry-after': '3600' }).end())
  const old = await startTestRelay(url, template, {
    subscriptions: [subscription('old-name', { retry: { attempts: 100, minDelayMs: 1, maxDelayMs: 1 } })],
    env: SOON,
  })
  await until('it was tried', async () => (await attemptsOf(url, id)).length > 1)
  await query(url, 'update ebb.delivery set available_at = now()')
  await startTestRelay(url, template, { subscriptions: [subscription('new-name')], env: SOON })
  const [{ began } = { began: '' }] = await query<{ began: string }>(url, 'select clock_timestamp()::text as began')
  const later = `select from ebb.known_function where name = 'old-name' and seen_at > $1::timestamptz + interval '1 s'`
  await until('a second has passed', async () => (await query(url, later, [began])).length === 1)
  expect(await stateOf(id, 'old-name')).not.toBe('dead')
  await old.stop()
  await query(url, 'update ebb.delivery set available_at = now()')
  await isDead(id)
})

interface Kept {
  readonly state: string
  readonly status: number | null
  readonly answer_body: Buffer | null
}

it.each([
  [0, 503, 'unavailable'],
  [1, null, undefined],
])(
  'a call of an endpoint that takes none any more, tried %d times, fails and says so',
  async (attempts, status, error) => {
    const id = randomUUID()
    await query(
      url,
      `insert into ebb.invocation (id, caller, scopes, function, method, target, headers, body, correlation_id, traceparent, attempts)
     values ($1, 'ann', '{}', 'make-report', 'POST', '/', '{}', '', 'correlation-1', $2, $3)`,
      [id, TRACEPARENT, attempts],
    )
    const { received, template } = await startSubscriber()
    await startTestRelay(url, template, { subscriptions: [], env: SOON })
    const kept = async () => (await query<Kept>(url, 'select * from ebb.invocation where id = $1', [id]))[0]
    await until('it has failed', async () => (await kept())?.state === 'dead')
    const row = await kept()
    expect([received.length, row?.status]).toEqual([0, status])
    expect(row?.answer_body && JSON.parse(String(row.answer_body)).error).toEqual(error ?? null)
  },
)
