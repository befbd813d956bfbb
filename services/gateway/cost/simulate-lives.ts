/** What there was to do, by second: of seconds without calls there is nothing. */
export interface Load {
  /** In seconds since 1970. */
  readonly second: number
  /** How many calls began, and the most that were in flight. */
  readonly began: number
  readonly peak: number
}

/** How a platform runs instances. */
export interface Running {
  /** That always run. */
  readonly min: number
  readonly max: number
  readonly concurrency: number
  /** How long an instance runs with nothing to do. */
  readonly idleSeconds: number
  /** How long it takes to start. */
  readonly startSeconds: number
  /** When one more is asked for, though there may be nothing to do: from and to, in order. */
  readonly warm: readonly (readonly [from: number, to: number])[]
}

/** What comes of it. */
export interface Lives {
  readonly instanceSeconds: number
  readonly starts: number
  /** Calls that waited for a start. */
  readonly waited: number
}

interface Use {
  readonly from: number
  readonly to: number
  /** 0 where it is only kept warm. */
  readonly began: number
}

/**
 * Runs instances by the load, from one time to another. The first instance does what one can do, the second what is left, and so on: each
 * starts when there is more to do than those before it can take, and ends when that was not so for `idleSeconds`.
 */
export function simulateLives(
  load: readonly Load[],
  running: Running,
  { from, to }: { readonly from: number; readonly to: number },
): Lives {
  const { min, max, concurrency, warm } = running
  const most = load.reduce((most, { peak }) => Math.max(most, Math.ceil(peak / concurrency)), 0)
  const sum = { instanceSeconds: min * Math.max(0, to - from), starts: 0, waited: 0 }
  for (let n = min + 1; n <= Math.min(max, Math.max(most, warm.length > 0 ? 1 : 0)); n++) {
    const uses: Use[] = load
      .filter(({ peak }) => peak > (n - 1) * concurrency)
      .map(({ second, began }) => ({ from: second, to: second + 1, began }))
    if (n === 1) uses.push(...warm.map(([from, to]) => ({ from, to, began: 0 })))
    const life = liveOne(uses, running, { isFirst: n === 1 })
    sum.instanceSeconds += life.instanceSeconds
    sum.starts += life.starts
    sum.waited += life.waited
  }
  return sum
}

/** One instance by its uses. */
function liveOne(
  uses: readonly Use[],
  { idleSeconds, startSeconds }: Running,
  { isFirst }: { readonly isFirst: boolean },
): Lives {
  let [instanceSeconds, starts, waited] = [0, 0, 0]
  // Until when it is used, and until when it does not answer yet.
  let [usedTo, startsUntil] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { from, to, began } of [...uses].sort((a, b) => a.from - b.from)) {
    if (from - usedTo > idleSeconds) {
      if (starts > 0) instanceSeconds += idleSeconds
      instanceSeconds += to - from
      starts++
      startsUntil = from + startSeconds
      if (began > 0) waited += 1 + (isFirst ? (began - 1) * Math.min(1, startSeconds) : 0)
    } else {
      instanceSeconds += Math.max(0, to - Math.max(from, usedTo)) + Math.max(0, from - usedTo)
      // With other instances beside it, nobody waits for it.
      if (isFirst && from < startsUntil) waited += began * Math.min(1, startsUntil - from)
    }
    usedTo = Math.max(usedTo, to)
  }
  return { instanceSeconds: instanceSeconds + (starts > 0 ? idleSeconds : 0), starts, waited }
}
