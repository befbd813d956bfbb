/**
 * node bench/overload/run.ts [seconds]
 *
 * What an Ebb does beyond its capacity, on the laptop's parts: gateway, activator, function and Postgres. A function
 * whose capacity is that of one row is first asked by 20 callers who wait for their answers, which is 1 x; then it is
 * offered 0.5, 1, 2 and 5 times as much, for so many seconds (15) each, whatever it answers. Prints the answers that
 * were good, a second and as a share of 1 x; the p99 of those; what the others were; the memory of the gateway and of
 * all instances of the function; and how long after the end of the load a request takes no longer than before it.
 */
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import { copyCheckout } from '../../test/support/checkout.ts'
import { startEbb, type TestEbb } from '../../test/support/ebb.ts'
import { readMemory } from '../measure/process-usage.ts'
import { quartiles } from '../measure/samples.ts'
import { holdRow, PATH } from './hold-row.ts'
import { runClosedLoop, runOpenLoop, sendRequest, type TimedResponse } from './load.ts'

const seconds = Number(process.argv[2] ?? 15)
const FACTORS = [0.5, 1, 2, 5]
const GIVE_UP_MS = 60_000

const isGood = ({ status }: TimedResponse) => status === 200
const sorted = (answers: readonly TimedResponse[]) => answers.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b)
const p99 = (answers: readonly TimedResponse[]) => sorted(answers)[Math.floor(answers.length * 0.99)] ?? Number.NaN

function countsOf(answers: readonly TimedResponse[]): string {
  const counts = new Map<number, number>()
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts].map(([status, count]) => `${count} x ${status || 'none'}`).join(', ')
}

/** Until three requests in a row take no more than twice what they did before the load. */
async function untilNormal(pool: Pool, usualMs: number): Promise<number> {
  const beganAt = performance.now()
  for (let inRow = 0, since = 0; performance.now() - beganAt < GIVE_UP_MS; await delay(10)) {
    const answer = await sendRequest(pool, PATH)
    inRow = isGood(answer) && answer.tookMs <= 2 * usualMs ? inRow + 1 : 0
    if (inRow === 1) since = performance.now() - answer.tookMs
    if (inRow === 3) return since - beganAt
  }
  return Number.NaN
}

async function memory({ events }: TestEbb) {
  const pidsOf = (wanted: (event: TestEbb['events'][number]) => boolean) =>
    events.filter(wanted).map(({ pid }) => readMemory(Number(pid)).catch(() => ({ rssMb: 0, peakMb: 0 })))
  const gateway = await Promise.all(pidsOf(({ event, part }) => event === 'start' && part === 'gateway'))
  const instances = await Promise.all(pidsOf((line) => line.event === 'spawn' && line.function === 'hold-row'))
  return {
    'gateway MiB, peak': gateway.reduce((sum, { peakMb }) => sum + peakMb, 0).toFixed(0),
    instances: instances.filter(({ rssMb }) => rssMb > 0).length,
    'instances MiB': instances.reduce((sum, { rssMb }) => sum + rssMb, 0).toFixed(0),
  }
}

const checkout = await copyCheckout(holdRow)
const ebb = await startEbb({ root: checkout.root, dataDir: join(checkout.root, '.ebb'), env: { EBB_IDLE_MS: '5000' } })
const pool = new Pool(ebb.ready.url, { connections: 2_000, headersTimeout: GIVE_UP_MS, bodyTimeout: GIVE_UP_MS })
await runClosedLoop(pool, PATH, { callers: 20, seconds: 5 })
const usualMs = quartiles(
  (await runClosedLoop(pool, PATH, { callers: 1, seconds: 3 })).map(({ tookMs }) => tookMs),
).median
const capacity = (await runClosedLoop(pool, PATH, { callers: 20, seconds })).filter(isGood).length / seconds

const rows: Record<string, unknown>[] = []
let atOne = Number.NaN
for (const factor of FACTORS) {
  const { answered } = await runOpenLoop(pool, PATH, { perSecond: factor * capacity, seconds })
  const normalMs = await untilNormal(pool, usualMs)
  const answers = await answered
  const good = answers.filter(isGood)
  const goodput = good.length / seconds
  if (factor === 1) atOne = goodput
  rows.push({
    offered: `${factor} x`,
    'offered/s': (answers.length / seconds).toFixed(0),
    'good/s': goodput.toFixed(1),
    'of 1 x': (goodput / atOne).toFixed(2),
    'p99 of those, ms': p99(good).toFixed(0),
    'p99 of refusals, ms': p99(answers.filter((answer) => !isGood(answer))).toFixed(0),
    answers: countsOf(answers),
    ...(await memory(ebb)),
    'normal after, ms': normalMs.toFixed(0),
  })
}
await pool.destroy()
await ebb.stop()
await checkout.remove()
console.log(
  `Node ${process.version}, ${seconds} s each, 20 callers in turns had ${capacity.toFixed(1)} good answers a second,` +
    ` one alone ${usualMs.toFixed(0)} ms, load average now ${loadavg()[0]?.toFixed(1)}`,
)
console.table(rows)
