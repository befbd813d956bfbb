import { beforeEach, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { countStates, emptyOutbox, query, TRACEPARENT } from './test-outbox.ts'
import { startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => emptyOutbox(url))

const PARTITIONS = 5
const EACH = 12

/** Emits to each partition in turn. */
const emitInOrder = () =>
  query(
    url,
    `insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, partition_key, partition_number)
     select gen_random_uuid(), 'user.created', 's', to_jsonb(n), $1, 'c', 'ann', key, ebb.next_in_partition('user.created', key)
     from generate_series(1, ${EACH}) as n, (select 'p' || p as key from generate_series(1, ${PARTITIONS}) as p) as partitions
     order by n, key`,
    [TRACEPARENT],
  )

it('four relays deliver the events of a partition one after the other, in order, also where attempts fail', async () => {
  const taken = new Map<string, number[]>()
  const open = new Set<string>()
  const overlaps: string[] = []
  let calls = 0
  const { template } = await startSubscriber((response, _count, { headers, body }) => {
    const key = String(headers['ce-partitionkey'])
    if (open.has(key)) overlaps.push(key)
    open.add(key)
    calls += 1
    const fails = calls % 4 === 0
    setImmediate(() => {
      if (!fails) taken.set(key, [...(taken.get(key) ?? []), Number(body)])
      open.delete(key)
      response.writeHead(fails ? 503 : 204).end()
    })
  })
  const subscriptions = [subscription('send-welcome', { retry: { attempts: 30, minDelayMs: 1, maxDelayMs: 2 } })]
  for (let relay = 0; relay < 4; relay++) await startTestRelay(url, template, { subscriptions, pollMs: 50 })
  await emitInOrder()
  await query(url, 'notify ebb_outbox')
  await until('all are done', async () => (await countStates(url)).done === PARTITIONS * EACH)
  expect(overlaps).toEqual([])
  const inOrder = Array.from({ length: EACH }, (_, i) => i + 1)
  expect(taken).toEqual(new Map(Array.from({ length: PARTITIONS }, (_, i) => [`p${i + 1}`, inOrder])))
})
