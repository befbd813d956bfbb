/**
 * npm run e2e:what-if [seconds] [a part of what is asked, such as concurrency]
 *
 * Whether what a what-if says comes true: records calls that come in an order of chance, asks what they would have cost and how long they
 * would have taken with another contract, and has the same calls come to Ebbs that have that contract, each with a database of its own; and to one more
 * with the contract as it was, which says how much two runs differ anyway. All at the same time, so that what else this machine does is the same for
 * all. Prints all, and ends with status 1 where money or p99 are more than 10 % from what was predicted.
 */
import { loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { startDatabase } from '../../bench/measure/start-database.ts'
import type { AdminOutput } from '../../src/protocol/admin/admin-endpoint.ts'
import type { readWhatIf } from '../../src/protocol/admin/cost.ts'
import { copyCheckout } from '../support/checkout.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'
import { planCalls, slowFunction } from './planned-calls.ts'
import { watchInstances } from './watch-instances.ts'

const seconds = Number(process.argv[2] ?? 240)
/** Longer than the 20 s after which a relay asks a function that is to be kept warm. */
const [IDLE_MS, MINUTE_MS, SETTLED_MS, MAX_DIFFERENCE] = [24_000, 60_000, 18_000, 0.1]

const EXPERIMENTS: readonly { readonly change: string; readonly parts: Contract }[] = [
  { change: 'warm=00:00-24:00', parts: { scale: "scale: { warm: [{ from: '00:00', to: '24:00' }] },", isWarm: true } },
  { change: 'concurrency=2', parts: { scale: 'scale: { concurrency: 2 },' } },
  { change: 'maxAgeSeconds=20', parts: { cache: 'cache: { maxAgeSeconds: 20, shared: true },' } },
].filter(({ change }: { readonly change: string }) => change.includes(process.argv[3] ?? ''))

type Answer = AdminOutput<typeof readWhatIf>

async function ask({ ready }: TestEbb, change: string): Promise<Answer> {
  const url = new URL(`/v1/cost/what-if?function=get-rates&${change}`, ready.admin)
  const response = await fetch(url, { headers: { authorization: `Bearer ${ready.adminKey}` } })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Answer
}

async function sendPlan(ebb: TestEbb): Promise<number> {
  const beganAt = performance.now()
  const took: number[] = []
  const sent = planCalls(seconds, IDLE_MS / 1_000).map(async ({ at, day }) => {
    await delay(Math.max(0, at * 1_000 - (performance.now() - beganAt)))
    const sentAt = performance.now()
    await (await ebb.call('GET', `/v1/rates/${day}`, { key: '' })).arrayBuffer()
    took.push(performance.now() - sentAt)
  })
  await Promise.all(sent)
  return took.sort((a, b) => a - b)[Math.ceil(took.length * 0.99) - 1] ?? 0
}

const livedBy = (watched: ReturnType<typeof watchInstances>) => watched.seconds().get('get-rates') ?? 0

type Contract = Parameters<typeof slowFunction>[0] & { readonly isWarm?: boolean }

/** Resolves with the begin of the next minute, once so many ask for it. */
function createStart(runs: number) {
  const { promise, resolve } = Promise.withResolvers<void>()
  let ready = 0
  return async () => {
    if (++ready === runs) resolve()
    await promise
    await delay(MINUTE_MS - (Date.now() % MINUTE_MS))
  }
}

/** Has the calls come to an Ebb with such a contract, from the begin of a minute on, for as long as it takes to record them. */
async function run(parts: Contract, begun: () => Promise<void>, changes: readonly string[] = []) {
  const { root, remove } = await copyCheckout(slowFunction(parts))
  await using database = await startDatabase()
  const ebb = await startEbb({ root, env: { EBB_IDLE_MS: String(IDLE_MS), DATABASE_URL: database.url } })
  try {
    const watched = watchInstances(ebb.events)
    // The first start builds the function, and the code caches of the next ones are made after it.
    await (await ebb.call('GET', '/v1/rates/first', { key: '' })).arrayBuffer()
    await delay(IDLE_MS + SETTLED_MS)
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query('truncate ebb.instance_hour')
    await begun()
    const [beganAt, before, startsBefore] = [Date.now(), livedBy(watched), watched.count()]
    const p99Ms = await sendPlan(ebb)
    const isOver = () => watched.running() === 0
    if (changes.length === 0 && !parts.isWarm) await untilTrue(isOver, { what: 'no function runs' })
    // The last minute is written when that is over.
    else await delay(beganAt + seconds * 1_000 + IDLE_MS + MINUTE_MS + SETTLED_MS - Date.now())
    await client.query("delete from ebb.call_minute where minute < to_timestamp($1) - interval '1 s'", [
      beganAt / 1_000,
    ])
    await client.end()
    const answers = await Promise.all(changes.map((one) => ask(ebb, one)))
    const lived = livedBy(watched) - before
    watched.close()
    return { lived, p99Ms, starts: watched.count() - startsBefore, answers, load: loadavg()[0] ?? 0 }
  } finally {
    await ebb.stop()
    await remove()
  }
}

const percent = (part: number) => `${part > 0 ? '+' : ''}${(part * 100).toFixed(1)} %`
const show = (seconds: number, p99Ms: number | null) => `${seconds.toFixed(1)} s, p99 ${p99Ms?.toFixed(0)} ms`

const begun = createStart(EXPERIMENTS.length + 2)
const changes = EXPERIMENTS.map(({ change }) => change)
const [recorded, again, ...others] = await Promise.all([
  run({}, begun, changes),
  run({}, begun),
  ...EXPERIMENTS.map(({ parts }) => run(parts, begun)),
])
const [first] = recorded.answers
if (!first) throw new Error('there is no such experiment')
console.log(
  `recorded: ${show(first.recorded.instanceSeconds, first.recorded.p99Ms)}, ${first.recorded.calls} calls, ${first.recorded.coldStarts} starts; seen: ${show(recorded.lived, recorded.p99Ms)}; simulated: ${show(first.simulated.instanceSeconds, first.simulated.p99Ms)}, ${first.simulated.coldStarts} starts, idle for ${first.idleSeconds.toFixed(1)} s; load ${recorded.load.toFixed(1)}`,
)
console.log(
  `the same again: ${show(again.lived, again.p99Ms)}, ${again.starts} starts: ${percent(again.lived / recorded.lived - 1)} and ${percent(again.p99Ms / recorded.p99Ms - 1)}; load ${again.load.toFixed(1)}`,
)
for (const [i, { change }] of EXPERIMENTS.entries()) {
  const { changed } = recorded.answers[i] ?? first
  const after = others[i] ?? again
  const apart = [changed.instanceSeconds / after.lived - 1, (changed.p99Ms ?? 0) / after.p99Ms - 1]
  console.log(
    `${change}: predicted ${show(changed.instanceSeconds, changed.p99Ms)}, ${changed.calls} calls, ${changed.coldStarts} starts; then ${show(after.lived, after.p99Ms)}, ${after.starts} starts: ${apart.map(percent).join(' and ')}; load ${after.load.toFixed(1)}`,
  )
  if (apart.some((part) => Math.abs(part) > MAX_DIFFERENCE)) process.exitCode = 1
}
