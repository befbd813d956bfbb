/**
 * What a comparison of one copied read found: nothing; that the canary alone answers otherwise; that only the first answer of the old
 * revision is otherwise, since the data have changed; or that nobody agrees with anybody. `failed` is without an answer of both, and
 * `dropped` was not copied, at a bound.
 */
export type ShadowFinding = 'same' | 'differs' | 'changed' | 'noise' | 'failed' | 'dropped'

/** What became of one read that was to be copied. */
export interface ShadowOutcome {
  readonly finding: ShadowFinding
  /** Where the canary answers otherwise and how, without any value: `items.*.price: another number`. */
  readonly differences?: readonly string[]
  /** The calls that nobody has asked for, and how long they took in all. */
  readonly calls?: number
  readonly ms?: number
}

/** All that became of the reads that were copied to one canary. */
export interface ShadowCounts extends Readonly<Record<ShadowFinding, number>> {
  readonly calls: number
  readonly ms: number
  /** The first differences that were found, and how often each was. */
  readonly differences: Readonly<Record<string, number>>
}

const NUMBERS = ['same', 'differs', 'changed', 'noise', 'failed', 'dropped', 'calls', 'ms'] as const
const MAX_DIFFERENCES = 20

export const noShadowCounts = (): ShadowCounts => ({
  ...{ same: 0, differs: 0, changed: 0, noise: 0, failed: 0, dropped: 0, calls: 0, ms: 0 },
  differences: {},
})

export const toShadowCounts = ({ finding, differences = [], calls = 0, ms = 0 }: ShadowOutcome): ShadowCounts => ({
  ...{ ...noShadowCounts(), [finding]: 1, calls, ms: Math.round(ms) },
  differences: Object.fromEntries(differences.slice(0, MAX_DIFFERENCES).map((difference) => [difference, 1])),
})

export function addShadowCounts(a: ShadowCounts, b: ShadowCounts): ShadowCounts {
  const differences = { ...a.differences }
  for (const [difference, times] of Object.entries(b.differences)) {
    const known = differences[difference]
    if (known === undefined && Object.keys(differences).length >= MAX_DIFFERENCES) continue
    differences[difference] = (known ?? 0) + times
  }
  // All of their names are there.
  const sums = Object.fromEntries(NUMBERS.map((name) => [name, a[name] + b[name]])) as Omit<ShadowCounts, 'differences'>
  return { ...sums, differences }
}

export const comparedOf = ({ same, differs, changed, noise }: ShadowCounts): number => same + differs + changed + noise
