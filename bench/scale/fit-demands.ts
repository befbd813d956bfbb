import { type Demand, wokenShare } from '../../src/deploy/size/service-times.ts'

/** What one request cost on the average, at one rate. */
export interface Sample {
  /** At each process or core of the part. */
  readonly perSecond: number
  /** How busy each of them was, of 1. */
  readonly utilisation: number
  readonly micros: number
}

export interface Fit<Key> {
  readonly coolMs: number
  readonly demands: ReadonlyMap<Key, Demand>
}

const [FIRST_MS, LAST_MS, STEPS] = [0.1, 200, 120]

/** The two numbers of each, and the one of all, by which the model is nearest to what was measured, in proportion to it. */
export function fitDemands<Key>(samples: ReadonlyMap<Key, readonly Sample[]>): Fit<Key> {
  let best: (Fit<Key> & { readonly off: number }) | undefined
  for (let step = 0; step <= STEPS; step++) {
    const coolMs = FIRST_MS * (LAST_MS / FIRST_MS) ** (step / STEPS)
    const fitted = [...samples].map(([key, ofKey]) => [key, fitOne(ofKey, coolMs)] as const)
    const off = fitted.reduce((sum, [, one]) => sum + one.off, 0)
    if (!best || off < best.off)
      best = { off, coolMs, demands: new Map(fitted.map(([key, { demand }]) => [key, demand])) }
  }
  if (!best) throw new Error('there is a step')
  return best
}

/** Least squares of micros = busy + woken × wake, neither below 0. */
function fitOne(samples: readonly Sample[], coolMs: number): { readonly demand: Demand; readonly off: number } {
  const points = samples
    .filter(({ micros }) => micros > 0)
    .map(({ perSecond, utilisation, micros }) => {
      const woken = Math.max(0, 1 - utilisation) * wokenShare(perSecond, coolMs)
      return { woken, micros, weight: 1 / micros ** 2 }
    })
  const sum = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((total, point) => total + point.weight * of(point), 0)
  const [n, x, xx] = [sum(() => 1), sum(({ woken }) => woken), sum(({ woken }) => woken ** 2)]
  const [y, xy] = [sum(({ micros }) => micros), sum(({ woken, micros }) => woken * micros)]
  const candidates: readonly Demand[] = [
    { busy: (y * xx - x * xy) / (n * xx - x ** 2), wake: (n * xy - x * y) / (n * xx - x ** 2) },
    { busy: y / n, wake: 0 },
    { busy: 0, wake: xy / xx },
  ].filter(({ busy, wake }) => busy >= 0 && wake >= 0)
  const judged = candidates.map((demand) => ({
    demand,
    off: sum(({ woken, micros }) => (demand.busy + woken * demand.wake - micros) ** 2),
  }))
  return judged.toSorted((a, b) => a.off - b.off)[0] ?? { demand: { busy: 0, wake: 0 }, off: 0 }
}
