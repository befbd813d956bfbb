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
  /** On top of it where the process had nothing to do and has to be woken; of what is half busy, half of it. */
  readonly wake: number
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
): Demand {
  const sum = { busy: 0, wake: 0 }
  for (const { perSecond, demand } of loads) {
    sum.busy += perSecond * (demand?.busy ?? 0)
    sum.wake += perSecond * (demand?.wake ?? 0)
  }
  return sum
}

const MICROS = 1_000_000

/**
 * The share of its cores that a part uses under such a demand a second. It is u = (busy + (1 - u) wake) / cores, solved for u: the busier it is,
 * the more it finds to do each time that it is woken. Above 1 it is more than they can do.
 */
export function utilisationOf({ busy, wake }: Demand, cores = 1): number {
  const capacity = cores * MICROS
  return busy >= capacity ? busy / capacity : (busy + wake) / (capacity + wake)
}

/** How many cores keep the part at this utilisation or below. */
export const coresFor = ({ busy, wake }: Demand, utilisation: number): number =>
  (busy + (1 - utilisation) * wake) / (utilisation * MICROS)
