/**
 * node bench/events/run.ts [seconds] [rounds] [subject ...]
 *
 * Events from a transaction to a subscriber over HTTP: ours, pg-boss, graphile-worker and BullMQ, on one Postgres (BullMQ's jobs
 * are in Redis, outside the transaction), each in each of so many rounds (5), in an order of chance. Two producers with
 * eight connections each commit as fast as they can for so many seconds (5), each transaction with a row of its own and
 * one event; `own row only` is the same without the event. Then a worker starts and POSTs what has come together, 100 at a
 * time, to a subscriber that only notes when each came. Then events are committed for as long at half of what both together
 * could do of these two cores, 1 / (1 / committed + 1 / delivered) a second, and at 20 a second. Prints medians:
 * transactions and events a second, both also as ratios to ours, and milliseconds from the answer to a COMMIT to the start
 * of the subscriber. Needs `npm ci --ignore-scripts --prefix bench/peers`, and
 * redis-server for BullMQ. Needs two cores that do nothing else.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { startRedis } from '../../src/dev/redis.ts'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startDatabase } from '../measure/start-database.ts'
import { startChild } from './child.ts'
import { measureLatency, rateOf, startProducers, startSubscriber, takeArrivals } from './measure.ts'
import { startRelays } from './ours.ts'
import type { QueueModule } from './queue-module.ts'

const CONCURRENCY = 100
const LIGHT_RATE = 20
const OURS = 'ebb'
const OWN_ROW_ONLY = 'own row only'
const FILES: Readonly<Record<string, string>> = {
  [OWN_ROW_ONLY]: 'bench/events/own-row-only.ts',
  [OURS]: 'bench/events/ours.ts',
  'pg-boss': 'bench/peers/events/pg-boss.mjs',
  'graphile-worker': 'bench/peers/events/graphile-worker.mjs',
  'BullMQ, outside the transaction': 'bench/peers/events/bullmq.mjs',
}

const [seconds = 5, rounds = 5] = process.argv.slice(2, 4).map(Number)
const named = process.argv.slice(4)
const names = Object.keys(FILES).filter((name) => named.length === 0 || named.some((start) => name.startsWith(start)))

await using opened = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-events-'))
opened.defer(() => rm(folder, { recursive: true }))
const { url: databaseUrl } = opened.use(await startDatabase())
const redis = await startRedis(process.env.PATH ?? '')
opened.defer(() => redis?.stop())
const stores = { databaseUrl, redisUrl: redis?.url ?? '' }
const admin = new pg.Client({ connectionString: databaseUrl })
await admin.connect()
opened.defer(() => admin.end())
await admin.query('create table own_row (id bigint generated always as identity primary key, n bigint)')

type Figures = Readonly<Record<string, number>>
const figures = new Map(names.map((name) => [name, [] as Figures[]]))
for (let round = 0; round < rounds; round++) {
  for (const name of shuffled(names)) figures.get(name)?.push(await measure(name))
}

const medianOf = (name: string, figure: string) =>
  quartiles((figures.get(name) ?? []).flatMap((one) => one[figure] ?? [])).median
const show = (name: string, figure: string, digits: number) => {
  const median = medianOf(name, figure)
  return Number.isNaN(median) ? '' : median.toFixed(digits)
}
const toRatio = (name: string, figure: string) => {
  const ratio = medianOf(name, figure) / medianOf(OURS, figure)
  return Number.isNaN(ratio) ? '' : ratio.toFixed(2)
}
console.log(
  `Node ${process.version}, ${rounds} interleaved rounds of ${seconds} s, load average now ${loadavg()[0]?.toFixed(1)}`,
)
console.table(
  names.map((name) => ({
    name,
    'enqueue tx/s': show(name, 'enqueued', 0),
    '× ours': toRatio(name, 'enqueued'),
    'delivered/s': show(name, 'delivered', 0),
    '× ours ': toRatio(name, 'delivered'),
    'half load/s': show(name, 'half', 0),
    'p50 ms': show(name, 'p50', 1),
    'p99 ms': show(name, 'p99', 1),
    [`p50 ms at ${LIGHT_RATE}/s`]: show(name, 'lightP50', 1),
    [`p99 ms at ${LIGHT_RATE}/s`]: show(name, 'lightP99', 1),
  })),
)

async function measure(name: string): Promise<Figures> {
  const file = resolve(FILES[name] ?? '')
  // Whatever the file is, it exports what the interface says.
  const { prepare } = (await import(file)) as QueueModule
  await prepare(stores)
  await admin.query('truncate own_row; checkpoint')
  await using producers = await startProducers(file, stores)
  // Once before, so that its code is compiled and its statements are known.
  const before = await producers.produce(1)
  const { commits, ...produced } = await producers.produce(seconds)
  const enqueued = commits.length / produced.seconds
  if (name === OWN_ROW_ONLY) return { enqueued }
  await using subscriber = await startSubscriber()
  await using _worker = await startWorker(name, file, subscriber.url)
  const delivered = rateOf(await takeArrivals(subscriber, before.commits.length + commits.length))
  const halfLoad = 1 / (1 / enqueued + 1 / delivered) / 2
  const half = await measureLatency(producers, subscriber, { rate: halfLoad, seconds })
  const light = await measureLatency(producers, subscriber, { rate: LIGHT_RATE, seconds })
  return {
    ...{ enqueued, delivered, half: half.committedRate, p50: half.p50Ms, p99: half.p99Ms },
    ...{ lightP50: light.p50Ms, lightP99: light.p99Ms },
  }
}

function startWorker(name: string, file: string, subscriberUrl: string): Promise<AsyncDisposable> {
  if (name === OURS) return startRelays({ databaseUrl, subscriberUrl, folder })
  return startChild('bench/events/work.ts', [file, JSON.stringify(stores), subscriberUrl, String(CONCURRENCY)])
}
