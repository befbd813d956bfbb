/**
 * node bench/gateway/plans.ts [rounds]
 *
 * What a plan costs a request, in one gateway before a function that answers at once, on one Postgres and one Redis: callers
 * without a plan, with a rate, with a rate and slots, with a quota, and with all of it; 16 at a time, interleaved in an order of
 * chance. Prints medians: requests a second, the time that a request takes, and the CPU that the gateway spends on one.
 */
import { loadavg } from 'node:os'
import { Pool } from 'undici'
import { readCpuMicros } from '../measure/process-usage.ts'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startGateways } from './start-gateways.ts'

const rounds = Number(process.argv[2] ?? 9)
const AT_A_TIME = 16
const SECONDS = 2
const rate = { requests: 10_000, perSeconds: 1 }
const quota = { requests: 1_000_000_000, per: 'month' } as const
const PLANS = {
  rate: { rate },
  slots: { rate, concurrency: 1_000 },
  quota: { quota },
  all: { rate, quota, concurrency: 1_000 },
}

const run = await startGateways(1, PLANS)
await using _started = run
const gateway = run.gateways[0]
if (!gateway) throw new Error('there is no gateway')
const pool = new Pool(gateway.url, { connections: AT_A_TIME })
const keys = new Map<string, string>()
for (const plan of ['none', ...Object.keys(PLANS)]) keys.set(plan, await run.keyOf(plan === 'none' ? undefined : plan))

async function measure(key: string) {
  const [cpuBefore, beganAt] = [await readCpuMicros(gateway?.pid ?? 0), performance.now()]
  const until = beganAt + SECONDS * 1_000
  const took: number[] = []
  const caller = async () => {
    while (performance.now() < until) {
      const sentAt = performance.now()
      const { statusCode, body } = await pool.request({
        path: '/v1/things',
        method: 'GET',
        headers: { 'x-api-key': key },
      })
      await body.dump()
      if (statusCode === 200) took.push(performance.now() - sentAt)
      else refused++
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, caller))
  const cpuMicros = ((await readCpuMicros(gateway?.pid ?? 0)) - cpuBefore) / took.length
  return { perSecond: took.length / ((performance.now() - beganAt) / 1_000), ms: quartiles(took).median, cpuMicros }
}

/** On a machine that is far too busy, some are not looked up or counted in time. */
let refused = 0

const measured = new Map([...keys.keys()].map((plan) => [plan, [] as Awaited<ReturnType<typeof measure>>[]]))
// Two rounds more, the first, warm up.
for (let round = -2; round < rounds; round++) {
  for (const [plan, key] of shuffled([...keys])) {
    const one = await measure(key)
    if (round >= 0) measured.get(plan)?.push(one)
  }
}
await pool.destroy()

const medianOf = (plan: string, figure: 'perSecond' | 'ms' | 'cpuMicros') =>
  quartiles((measured.get(plan) ?? []).map((one) => one[figure])).median
const ratio = (plan: string, figure: 'perSecond' | 'ms' | 'cpuMicros') =>
  `${medianOf(plan, figure).toFixed(figure === 'ms' ? 2 : 0)} (${(medianOf(plan, figure) / medianOf('none', figure)).toFixed(2)} ×)`
console.log(
  `One gateway, ${AT_A_TIME} at a time, ${rounds} rounds of ${SECONDS} s, ${refused} refused, load average ${loadavg()[0]?.toFixed(1)}`,
)
console.table(
  [...keys.keys()].map((plan) => ({
    plan,
    'requests/s': ratio(plan, 'perSecond'),
    'median ms': ratio(plan, 'ms'),
    'CPU µs of the gateway': ratio(plan, 'cpuMicros'),
  })),
)
