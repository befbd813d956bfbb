/** What a gateway does with a request: refuses it, answers from what it keeps, or has a function answer that reads or writes. */
export const REQUEST_KINDS = ['refused', 'kept', 'read', 'write'] as const
export type RequestKind = (typeof REQUEST_KINDS)[number]

/** What computes. A process of Node and Redis use one core each; Postgres as many as it has. */
export const CPU_PARTS = ['gateway', 'redis', 'postgres', 'relay', 'function'] as const
export type CpuPart = (typeof CPU_PARTS)[number]

/** The CPU time of one request or event at one part, in microseconds. */
export interface Demand {
  /** Where there is always the next one to do: what bounds the rate. */
  readonly busy: number
  /** On top of it where the process had nothing to do and has to be woken: so much where one comes every 5 ms, and twice that where one comes every 20. */
  readonly wake: number
}

/** What so many requests and events make together at one part in a second, in microseconds. */
export interface TotalDemand extends Demand {
  readonly perSecond: number
}

/** So much work at each part; a part that is left out has none. */
export type Work = Readonly<Partial<Record<CpuPart, Demand>>>

/** What `node bench/scale/measure.ts` has measured, one of each part on one machine. */
export interface ServiceTimes {
  readonly machine: { readonly node: string; readonly cores: number; readonly load: number; readonly date: string }
  readonly requests: Readonly<Record<RequestKind, Work>>
  /** Of one event from its commit to the end of its subscriber, which has one statement of its own. */
  readonly event: Work
  /** What a part computes in a second with nothing to do, in microseconds. */
  readonly idle: Readonly<Record<CpuPart, number>>
  /** How long a transaction that writes holds its connection, and one that reads; without waits for others. */
  readonly connectionMs: { readonly read: number; readonly write: number }
  /** Of a write to the disk that a commit waits for; several commits share one. */
  readonly flushMs: number
}

/** Adds up what these rates make at one part: its whole demand a second where it is never idle, and what waking it adds. */
export function addDemands(
  loads: readonly { readonly perSecond: number; readonly demand: Demand | undefined }[],
): TotalDemand {
  const sum = { busy: 0, wake: 0, perSecond: 0 }
  for (const { perSecond, demand } of loads) {
    if (!demand) continue
    sum.busy += perSecond * demand.busy
    sum.wake += perSecond * demand.wake
    sum.perSecond += perSecond
  }
  return sum
}

const MICROS = 1_000_000
/** At which `wake` is measured. */
const WAKE_PER_SECOND = 200
/** Beyond a pause of 100 ms nothing was measured, and no more is reckoned. */
const MAX_FACTOR = Math.sqrt(20)
/** Of a pause that is as varied as an exponential distribution is: its root, by the root of its mean. */
const MEAN_OF_ROOT = Math.sqrt(Math.PI) / 2

/** How much of `wake` it takes after such a pause. It grows with its root, as what was measured at 50, 200 and 800 a second does. */
export const wakeFactor = (pauseSeconds: number): number =>
  Math.min(Math.sqrt(pauseSeconds * WAKE_PER_SECOND) / MEAN_OF_ROOT, MAX_FACTOR)

/** The same on the average, where so many come to one core in a second at random. */
const meanWakeFactor = (perSecond: number): number => Math.min(Math.sqrt(WAKE_PER_SECOND / perSecond), MAX_FACTOR)

/**
 * The share of its cores that a part uses under such a demand. It is u = (busy + (1 - u) woken) / cores, solved for u: the busier it is,
 * the more it finds to do each time that it is woken. Above 1 it is more than they can do.
 */
export function utilisationOf({ busy, wake, perSecond }: TotalDemand, cores = 1): number {
  const capacity = cores * MICROS
  const woken = wake * meanWakeFactor(perSecond / cores)
  return busy >= capacity ? busy / capacity : (busy + woken) / (capacity + woken)
}

/** How many cores keep the part at this utilisation or below: n of n u = busy + (1 - u) wake sqrt(n 200 / perSecond), in seconds. */
export function coresFor({ busy, wake, perSecond }: TotalDemand, utilisation: number): number {
  const each = utilisation * MICROS
  const woken = (1 - utilisation) * wake
  if (woken === 0) return busy / each
  const atEach = woken * Math.sqrt(WAKE_PER_SECOND / perSecond)
  const root = (atEach + Math.sqrt(atEach ** 2 + 4 * each * busy)) / (2 * each)
  return Math.min(root ** 2, (busy + woken * MAX_FACTOR) / each)
}
