/**
 * node bench/events/fairness.ts [--rounds 3] [--seconds 10] [--rate 100] [--relays 4]
 *
 * Whether subscribers that misbehave slow others: events at this rate a second to one subscriber, by four relays, first with
 * nothing beside them, then beside 500 events of a subscriber that answers after 30 s, and 10,000 of one that fails always.
 * Prints medians: milliseconds from the answer to a COMMIT to the start of the subscriber, and the ratio of both.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { quartiles } from '../measure/samples.ts'
import { startDatabase } from '../measure/start-database.ts'
import { type Latency, measureLatency, startProducers, startSubscriber } from './measure.ts'
import { prepare, startRelays, subscription } from './ours.ts'

const option = (text: string) => ({ type: 'string', default: text }) as const
const { values } = parseArgs({
  options: { rounds: option('3'), seconds: option('10'), rate: option('100'), relays: option('4') },
})
const {
  rounds = 0,
  seconds = 0,
  rate = 0,
  relays = 0,
} = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]))
const SLOW = { type: 'order.slow', events: 500 }
const FAILING = { type: 'order.failing', events: 10_000 }
const SUBSCRIPTIONS = [
  subscription('subscriber'),
  subscription('slow', { on: SLOW.type, timeoutMs: 60_000 }),
  subscription('failing', { on: FAILING.type }),
]

const emitSql = /* sql */ `
insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id)
select gen_random_uuid(), $1, '/functions/place-order', '{}', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'bench', 'bench'
from generate_series(1, $2::int)`

await using opened = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-fairness-'))
opened.defer(() => rm(folder, { recursive: true }))
const { url: databaseUrl } = opened.use(await startDatabase())
const admin = new pg.Client({ connectionString: databaseUrl })
await admin.connect()
opened.defer(() => admin.end())
await admin.query('create table own_row (id bigint generated always as identity primary key, n bigint)')

const alone: Latency[] = []
const beside: Latency[] = []
for (let round = 0; round < rounds; round++) {
  alone.push(await measure([]))
  beside.push(await measure([SLOW, FAILING]))
}
const medianOf = (latencies: readonly Latency[], which: 'p50Ms' | 'p99Ms') =>
  quartiles(latencies.map((one) => one[which])).median
const show = (which: 'p50Ms' | 'p99Ms') => ({
  'alone ms': medianOf(alone, which).toFixed(1),
  'beside the others ms': medianOf(beside, which).toFixed(1),
  ratio: (medianOf(beside, which) / medianOf(alone, which)).toFixed(2),
})
console.log(`Node ${process.version}, ${rounds} rounds of ${seconds} s, load average now ${loadavg()[0]?.toFixed(1)}`)
console.table({ p50: show('p50Ms'), p99: show('p99Ms') })

async function measure(others: readonly { readonly type: string; readonly events: number }[]): Promise<Latency> {
  const stores = { databaseUrl, redisUrl: '' }
  await prepare(stores)
  await using producers = await startProducers(resolve('bench/events/ours.ts'), stores)
  await using subscriber = await startSubscriber()
  const options = { databaseUrl, subscriberUrl: subscriber.url, folder, relays, subscriptions: SUBSCRIPTIONS }
  await using _relays = await startRelays(options)
  for (const { type, events } of others) await admin.query(emitSql, [type, events])
  await admin.query('notify ebb_outbox')
  const latency = await measureLatency(producers, subscriber, { rate, seconds })
  if (others.length > 0) {
    const { rows } = await admin.query('select consumer, state, count(*)::int4 from ebb.delivery_state group by 1, 2')
    console.log(rows.map(({ consumer, state, count }) => `${consumer} ${state} ${count}`).join(', '))
  }
  return latency
}
