/**
 * node bench/events/history.ts [--minutes 1] [--settled 1000000] [--rounds 3] [--seconds 5]
 *
 * What ours does with history, a held snapshot, more relays and more subscribers: in each of the rounds, in an order of
 * chance, what two producers commit in so many seconds is delivered by one relay with an empty history, with so many
 * settled events (ten million: `--settled 10000000`), by four relays, and to fifty subscribers. Then 800 events a second for
 * so many minutes, beside nobody and beside a transaction that holds its snapshot all the time. Prints medians: deliveries a
 * second, and milliseconds from the answer to a COMMIT to the start of the subscriber, of the last quarter of those minutes.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startDatabase } from '../measure/start-database.ts'
import { fillHistory } from './fill-history.ts'
import { measureLatency, rateOf, startProducers, startSubscriber, takeArrivals } from './measure.ts'
import { prepare, startRelays, subscription } from './ours.ts'

const option = (text: string) => ({ type: 'string', default: text }) as const
const { values } = parseArgs({
  options: { minutes: option('1'), settled: option('1000000'), rounds: option('3'), seconds: option('5') },
})
const {
  minutes = 1,
  settled = 0,
  rounds = 3,
  seconds = 5,
} = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]))
const RATE = 800
const OURS = resolve('bench/events/ours.ts')

await using opened = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-history-'))
opened.defer(() => rm(folder, { recursive: true }))

async function openDatabase(settledEvents: number): Promise<string> {
  const { url } = opened.use(await startDatabase())
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('create table own_row (id bigint generated always as identity primary key, n bigint)')
  await client.end()
  await fillHistory(url, settledEvents)
  return url
}
const [empty, full] = [await openDatabase(0), await openDatabase(settled)]

interface Case {
  readonly name: string
  readonly databaseUrl: string
  readonly relays?: number
  readonly subscribers?: number
}
const cases: readonly Case[] = [
  { name: 'empty', databaseUrl: empty },
  { name: `${settled} settled`, databaseUrl: full },
  { name: '4 relays', databaseUrl: empty, relays: 4 },
  { name: '50 subscribers', databaseUrl: empty, subscribers: 50 },
]
const delivered = new Map(cases.map(({ name }) => [name, [] as number[]]))
for (let round = 0; round < rounds; round++) {
  for (const one of shuffled(cases)) delivered.get(one.name)?.push(await measureDelivery(one))
}
const medianOf = (name: string) => quartiles(delivered.get(name) ?? []).median
console.log(
  `Node ${process.version}, ${rounds} interleaved rounds of ${seconds} s, load average now ${loadavg()[0]?.toFixed(1)}`,
)
console.table(
  cases.map(({ name }) => ({
    name,
    'delivered/s': medianOf(name).toFixed(0),
    '× empty': (medianOf(name) / medianOf('empty')).toFixed(2),
  })),
)
const free = await measureHeld(false)
const held = await measureHeld(true)
console.table({ 'no snapshot held': free, 'a snapshot held': held })

async function measureDelivery({ databaseUrl, relays = 1, subscribers = 1 }: Case): Promise<number> {
  const stores = { databaseUrl, redisUrl: '' }
  await using producers = await startProducers(OURS, stores)
  const { commits } = await producers.produce(seconds)
  await using subscriber = await startSubscriber()
  const subscriptions = Array.from({ length: subscribers }, (_, place) => subscription(`subscriber-${place}`))
  await using _relays = await startRelays({ databaseUrl, subscriberUrl: subscriber.url, folder, relays, subscriptions })
  const arrivals = await takeArrivals(subscriber, commits.length * subscribers)
  await untilSettled(databaseUrl)
  return rateOf(arrivals)
}

/** What its relay leaves on its way would come again in the next round. */
async function untilSettled(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const countOpen = async () => (await client.query('select count(*)::int4 as open from ebb.delivery')).rows[0].open
  while ((await countOpen()) > 0) await delay(100)
  await client.end()
}

/** The first three quarters of the time to let dead rows gather, the last one to measure. */
async function measureHeld(isHeld: boolean) {
  await prepare({ databaseUrl: empty, redisUrl: '' })
  const holder = new pg.Client({ connectionString: empty })
  await holder.connect()
  if (isHeld) await holder.query('begin isolation level repeatable read; select count(*) from own_row')
  await using producers = await startProducers(OURS, { databaseUrl: empty, redisUrl: '' })
  await using subscriber = await startSubscriber()
  await using _relays = await startRelays({ databaseUrl: empty, subscriberUrl: subscriber.url, folder })
  const quarter = Math.max(1, Math.round(minutes * 15))
  for (let count = 0; count < 3; count++) await measureLatency(producers, subscriber, { rate: RATE, seconds: quarter })
  const { committedRate, p50Ms, p99Ms } = await measureLatency(producers, subscriber, { rate: RATE, seconds: quarter })
  const { rows } = await holder.query(
    "select sum(n_dead_tup)::int4 as dead from pg_stat_user_tables where schemaname = 'ebb'",
  )
  await holder.end()
  return {
    'events/s': committedRate.toFixed(0),
    'p50 ms': p50Ms.toFixed(1),
    'p99 ms': p99Ms.toFixed(1),
    'dead rows': rows[0].dead,
  }
}
