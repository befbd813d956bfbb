/**
 * node bench/scale/run.ts [seed] [requests]
 *
 * What of an Ebb is used up first, from 10 to 10 million requests a second: simulated event by event, with the service times that
 * bench/scale/measure.ts has measured, first with one Redis and one Postgres of 32 cores and 490 connections, then with as many as it takes. Gateways,
 * relays and instances are as many as `ebb size` says, at 70 %. Callers are ten times the requests a second, endpoints 50, both by Zipf's law;
 * an instance takes 2 s to start, and ends after 60 s without a request; in the middle one gateway, one relay and one instance of each kind die.
 *
 * Of more than so many requests (200,000) in 10 s, one in k is simulated, in front of one k-th of the gateways, relays and instances; of what there
 * is one, such as Redis, the k-th part is one that takes k times as long, whose waits are divided by k: a line's waits and rates scale together.
 * Callers' limits are as much less. What several of a kind even out among each other is thus a little worse than in the whole, and nothing is better.
 */
import { MEASURED } from '../../src/deploy/size/measured.ts'
import { fleetFor } from './fleet.ts'
import type { Mix } from './mix.ts'
import { busiestOf, type Outcome, type Resource, simulate } from './simulate.ts'

const seed = Number(process.argv[2] ?? 1)
const requests = Number(process.argv[3] ?? 200_000)
const RATES = [10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
const MIX: Mix = { refused: 0.05, kept: 0.3, read: 0.55, write: 0.05, told: 0.05 }
const UTILISATION = 0.7
const CHANCE = {
  ...{ limit: 100, endpoints: 50, failures: true, startSeconds: 2, idleSeconds: 60, awaySeconds: 5 },
  ...{ seed, requests, times: MEASURED, mix: MIX },
}

const percent = (part: number) => `${(part * 100).toFixed(part < 0.0995 ? 1 : 0)} %`
const ms = (value: number) => value.toFixed(value < 10 ? 1 : 0)
const PARTS: readonly Resource[] = ['gateway', 'redis', 'postgres', 'connections', 'relay', 'pods']

function rowOf(perSecond: number, outcome: Outcome, before: Readonly<Record<string, string | number>>) {
  const first = busiestOf(outcome)
  const isOver = outcome.utilisation[first] >= 1
  // What is in line at a slower one than there is makes no sense beyond its end.
  const show = (part: Resource) => (isOver && part === 'connections' ? '-' : percent(outcome.utilisation[part]))
  return {
    'requests/s': perSecond.toLocaleString('en-US'),
    ...before,
    ...Object.fromEntries(PARTS.map((part) => [part, show(part)])),
    'first to end': isOver ? first : '-',
    'p50 ms': isOver ? '-' : ms(outcome.p50Ms),
    'p99 ms': isOver ? '-' : ms(outcome.p99Ms),
    ...{
      limited: percent(outcome.limited),
      cold: percent(outcome.cold),
      failed: `${(outcome.failed * 1e6).toFixed(0)} ppm`,
    },
    'one in': outcome.oneIn.toFixed(0),
  }
}

const { machine } = MEASURED
console.log(
  `seed ${seed}, ${requests} requests each; measured with Node ${machine.node} at load ${machine.load} on ${machine.date}`,
)
for (const grown of [false, true]) {
  console.log(grown ? 'as many Redis and Postgres as it takes:' : 'one Redis, one Postgres of 32 cores:')
  const rows = RATES.map((perSecond) => {
    const fleet = fleetFor(perSecond, MIX, MEASURED, { utilisation: UTILISATION, grown })
    const outcome = simulate({ ...CHANCE, perSecond, fleet, callers: perSecond * 10 })
    const { gateways, relays, redis, postgresCores, pods } = fleet
    const counts = { gateways, relays, ...(grown ? { 'redis nodes': redis, 'postgres cores': postgresCores } : {}) }
    return rowOf(perSecond, outcome, { ...counts, instances: pods.read + pods.write + pods.events })
  })
  console.table(rows)
}
