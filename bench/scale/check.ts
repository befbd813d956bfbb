/**
 * node bench/scale/check.ts [seconds] [rounds]
 *
 * Whether the simulation says what happens: one of each part on this machine gets three mixes of requests at three rates, none of which the
 * service times were measured with, for so many seconds (15) each, in each of so many rounds (3), of which the median counts; the same is
 * simulated at the rate that came. A machine that others share is slower at one hour than at another: before each mix come reads alone at 200 a
 * second, which the service times were measured with, and by what these cost now all that is simulated is multiplied. Prints what each part
 * used of a core, and ends with status 1 where the busiest part, or all together, are more than 15 % from it. Needs what bench/scale/measure.ts
 * needs, run before it.
 */
import { loadavg } from 'node:os'
import { MEASURED } from '../../src/deploy/size/measured.ts'
import { CPU_PARTS, type CpuPart } from '../../src/deploy/size/service-times.ts'
import { quartiles } from '../measure/samples.ts'
import { openDatabase } from './measure-database.ts'
import type { Mix } from './mix.ts'
import { type Sent, sendMix } from './send-mix.ts'
import { type Fleet, simulate } from './simulate.ts'
import { startSystem } from './start-system.ts'

const [seconds, rounds] = [Number(process.argv[2] ?? 15), Number(process.argv[3] ?? 3)]
const [WARM_UP_SECONDS, MAX_OFF, CALLERS] = [5, 0.15, 1_000]
interface Point {
  readonly rate: number
  readonly mix: Mix
}
const POINTS: readonly Point[] = [
  { rate: 300, mix: { refused: 0.1, kept: 0.3, read: 0.6 } },
  { rate: 100, mix: { read: 0.5, write: 0.25, told: 0.25 } },
  { rate: 600, mix: { refused: 0.3, kept: 0.2, read: 0.4, write: 0.1 } },
]
/** What these cost is known from the measurement. */
const KNOWN: Point = { rate: 200, mix: { read: 1 } }
/** One of each, on two cores. */
const FLEET: Fleet = {
  ...{ gateways: 1, relays: 1, redis: 1, postgresCores: 2, connections: 20 },
  pods: { read: 1, write: 1, events: 1 },
}

await using system = await startSystem({ callers: CALLERS })
await using database = await openDatabase(system.databaseUrl)
const rows: Record<string, string | number>[] = []
const sent = new Map(POINTS.map((point) => [point, { runs: [] as Sent[], known: [] as Sent[] }]))
for (let round = 0; round < rounds; round++) {
  for (const [{ rate, mix }, { runs, known }] of sent) {
    await sendMix(system, mix, { seconds: WARM_UP_SECONDS })
    await database.untilDelivered()
    known.push(await sendMix(system, KNOWN.mix, { rate: KNOWN.rate, seconds }))
    runs.push(await sendMix(system, mix, { rate, seconds, until: database.untilDelivered }))
  }
}
const sum = (of: ReadonlyMap<CpuPart, number>) => [...of.values()].reduce((total, cores) => total + cores, 0)
const measuredOf = (run: Sent) => new Map(CPU_PARTS.map((part) => [part, coresOf(run.cores, part)]))
for (const [{ mix }, { runs, known }] of sent) {
  const median = (of: (run: Sent) => number) => quartiles(runs.map(of)).median
  const perSecond = median((run) => run.requestsPerSecond)
  const slower = quartiles(
    known.map((run) => sum(measuredOf(run)) / sum(simulated(run.requestsPerSecond, KNOWN.mix))),
  ).median
  const expected = new Map([...simulated(perSecond, mix)].map(([part, cores]) => [part, cores * slower]))
  const measured = new Map(CPU_PARTS.map((part) => [part, median((run) => coresOf(run.cores, part))]))
  const busiest = CPU_PARTS.reduce((most, part) =>
    (measured.get(part) ?? 0) > (measured.get(most) ?? 0) ? part : most,
  )
  const off = (one: number, other: number) => one / other - 1
  const offs = {
    busiest: off(expected.get(busiest) ?? 0, measured.get(busiest) ?? 0),
    all: off(sum(expected), sum(measured)),
  }
  if (Object.values(offs).some((one) => Math.abs(one) > MAX_OFF)) process.exitCode = 1
  const show = (of: ReadonlyMap<CpuPart, number>) => [...of].map(([part, cores]) => [part, cores.toFixed(3)])
  const percent = (part: number) => `${part > 0 ? '+' : ''}${(part * 100).toFixed(1)} %`
  const at = perSecond.toFixed(0)
  rows.push({ at, what: 'measured', ...Object.fromEntries(show(measured)), all: sum(measured).toFixed(3) })
  rows.push({
    at,
    what: `simulated × ${slower.toFixed(2)}`,
    ...Object.fromEntries(show(expected)),
    all: sum(expected).toFixed(3),
  })
  rows.push({ at, what: `off: ${busiest} ${percent(offs.busiest)}`, all: percent(offs.all) })
}
console.table(rows)
console.log(`load average now ${loadavg()[0]?.toFixed(1)}`)

/** All functions together, as the simulation has them. */
function coresOf(cores: Sent['cores'], part: CpuPart): number {
  const parts = part === 'function' ? (['read-thing', 'add-thing', 'note-thing'] as const) : [part]
  return parts.reduce((total, one) => total + (cores.get(one) ?? 0), 0)
}

/** The cores that each part uses by the simulation. */
function simulated(perSecond: number, mix: Mix): ReadonlyMap<CpuPart, number> {
  const { utilisation, pods } = simulate({
    ...{ perSecond, mix, fleet: FLEET, times: MEASURED, callers: CALLERS, limit: 1e9, endpoints: 1 },
    ...{ seed: 1, failures: false, requests: 50_000, startSeconds: 0, idleSeconds: 60, awaySeconds: 0 },
  })
  const used = (part: CpuPart) => {
    if (part === 'function') return pods.read + pods.write + pods.events
    return utilisation[part] * (part === 'postgres' ? FLEET.postgresCores : 1)
  }
  const processes = (part: CpuPart) => (part === 'function' ? 3 : 1)
  return new Map(CPU_PARTS.map((part) => [part, used(part) + (processes(part) * MEASURED.idle[part]) / 1e6]))
}
