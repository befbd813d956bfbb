/**
 * node bench/scale/measure.ts [seconds] [rounds]
 *
 * Measures what one request and one event cost at each part of Ebb, and writes it to src/deploy/size/measured.ts, which `ebb size` and
 * bench/scale/run.ts reckon with. One gateway, relay, Redis and Postgres and one instance of each function, as their images run them, every
 * request traced; 64 connections from wrk, 1,000 callers. Each kind of requests alone, at 200 a second and as fast as it is answered, for so
 * many seconds (6) in each of so many rounds (3), of which the cheapest counts, since what else a machine does only
 * adds to it: the difference is what it costs to wake what has nothing to do. Needs wrk, taskset and redis-server, and a machine that does nothing else.
 */
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import {
  CPU_PARTS,
  type CpuPart,
  type Demand,
  REQUEST_KINDS,
  type ServiceTimes,
  type Work,
} from '../../src/deploy/size/service-times.ts'
import { quartiles } from '../measure/samples.ts'
import { openDatabase } from './measure-database.ts'
import { type Sent, sendMix } from './send-mix.ts'
import { type Part, startSystem } from './start-system.ts'

const seconds = Number(process.argv[2] ?? 6)
const rounds = Number(process.argv[3] ?? 3)
const [PACED, WARM_UP_SECONDS, IDLE_MS, CALLERS] = [200, 3, 5_000, 1_000]
/** Instances write down how long they have held connections every 10 s. */
const RECORDED_MS = 11_000
const FILE = 'src/deploy/size/measured.ts'
/** `told` is a write that emits an event: what it costs more is the event's. */
const KINDS = [...REQUEST_KINDS, 'told'] as const
type Kind = (typeof KINDS)[number]

await using system = await startSystem({ callers: CALLERS })
await using database = await openDatabase(system.databaseUrl)
for (const kind of KINDS) await sendMix(system, { [kind]: 1 }, { seconds: WARM_UP_SECONDS })
await database.untilDelivered()
const idle = await whatIdles()

const [paced, full] = [newRuns(), newRuns()]
for (let round = 0; round < rounds; round++) {
  for (const kind of KINDS) {
    // What it leaves to the relay is its own, too: only the rate at which all of it is done counts.
    const options = { seconds, until: database.untilDelivered }
    paced.get(kind)?.push(await sendMix(system, { [kind]: 1 }, { ...options, rate: PACED }))
    full.get(kind)?.push(await sendMix(system, { [kind]: 1 }, options))
  }
}
const connectionMs = { read: await heldMs('read', 'read-thing'), write: await heldMs('write', 'add-thing') }
const flushMs = await database.flushMs()

const write = works('write')
const told = works('told')
const measured: ServiceTimes = {
  machine: {
    ...{ node: process.version, cores: cpus().length, load: round(loadavg()[0] ?? 0) },
    date: new Date().toISOString().slice(0, 10),
  },
  requests: { refused: works('refused'), kept: works('kept'), read: works('read'), write },
  event: Object.fromEntries(
    CPU_PARTS.filter((part) => part !== 'gateway' && part !== 'redis').map((part) => [
      part,
      difference(told[part], write[part]),
    ]),
  ),
  idle: Object.fromEntries(CPU_PARTS.map((part) => [part, Math.round(coresOf(idle, part, 'read') * 1e6)])) as Record<
    CpuPart,
    number
  >,
  connectionMs: { read: round(connectionMs.read), write: round(connectionMs.write) },
  flushMs: round(flushMs),
}
console.table(KINDS.map((kind) => ({ kind, ...rowOf(kind) })))
console.log(`load average now ${loadavg()[0]?.toFixed(1)}`)
await writeFile(
  FILE,
  `import type { ServiceTimes } from './service-times.ts'

/** What one request and one event cost here, in microseconds of CPU: \`node bench/scale/measure.ts\` wrote it. */
export const MEASURED: ServiceTimes = ${JSON.stringify(measured, undefined, 2)}
`,
)

function newRuns(): Map<Kind, Sent[]> {
  return new Map(KINDS.map((kind) => [kind, []]))
}

/** What each part computes with nothing to do, in cores. */
async function whatIdles(): Promise<Sent['cores']> {
  const before = await system.cpu()
  await delay(IDLE_MS)
  const after = await system.cpu()
  return new Map([...after].map(([part, micros]) => [part, (micros - (before.get(part) ?? 0)) / 1_000 / IDLE_MS]))
}

/** How long one request holds a connection. */
async function heldMs(kind: 'read' | 'write', name: Part): Promise<number> {
  await delay(RECORDED_MS)
  const before = await database.heldSeconds(name)
  const sent = await sendMix(system, { [kind]: 1 }, { rate: PACED, seconds })
  await delay(RECORDED_MS)
  return (((await database.heldSeconds(name)) - before) / sent.requests) * 1_000
}

/** The instance of a function that answers such requests; of an event, its subscriber as well. */
function coresOf(cores: Sent['cores'], part: CpuPart, kind: Kind): number {
  if (part !== 'function') return cores.get(part) ?? 0
  const of = (name: Part) => cores.get(name) ?? 0
  if (kind === 'read') return of('read-thing')
  return kind === 'write' ? of('add-thing') : kind === 'told' ? of('add-thing') + of('note-thing') : 0
}

function demandOf(kind: Kind, part: CpuPart): Demand {
  const micros = (runs: readonly Sent[] = []) =>
    Math.min(
      ...runs.map(
        (run) => ((coresOf(run.cores, part, kind) - coresOf(idle, part, kind)) * 1e6) / run.requestsPerSecond,
      ),
    )
  const share = quartiles((paced.get(kind) ?? []).map((run) => coresOf(run.cores, part, kind))).median
  const busy = Math.max(0, micros(full.get(kind)))
  return { busy: round(busy), wake: round(Math.max(0, micros(paced.get(kind)) - busy) / (1 - Math.min(share, 0.9))) }
}

function works(kind: Kind): Work {
  const demands = CPU_PARTS.map((part) => [part, demandOf(kind, part)] as const)
  // What is less than a microsecond is what else the part has to do.
  return Object.fromEntries(demands.filter(([, { busy, wake }]) => busy + wake >= 1))
}

function difference(more: Demand = { busy: 0, wake: 0 }, less: Demand = { busy: 0, wake: 0 }): Demand {
  return { busy: round(Math.max(0, more.busy - less.busy)), wake: round(Math.max(0, more.wake - less.wake)) }
}

function rowOf(kind: Kind) {
  const medianOf = (runs: readonly Sent[] = [], of: (run: Sent) => number) => quartiles(runs.map(of)).median
  const demands = CPU_PARTS.map((part) => [part, demandOf(kind, part)] as const)
  return {
    'requests/s': medianOf(full.get(kind), (run) => run.requestsPerSecond).toFixed(0),
    'p50 ms at 200/s': medianOf(paced.get(kind), (run) => run.p50Ms).toFixed(2),
    ...Object.fromEntries(demands.map(([part, { busy, wake }]) => [part, `${busy} + ${wake}`])),
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
