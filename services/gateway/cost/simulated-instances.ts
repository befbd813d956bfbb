/** How a platform runs instances. */
export interface Running {
  /** That always run. */
  readonly min: number
  readonly max: number
  readonly concurrency: number
  /** How long an instance runs with nothing to do. */
  readonly idleSeconds: number
  /** When one is kept though there may be nothing to do: from and to, in order. */
  readonly warm: readonly (readonly [from: number, to: number])[]
  /** In seconds since 1970. */
  readonly from: number
  readonly to: number
}

export interface SimulatedInstance {
  readonly startedAt: number
  isReady: boolean
  inFlight: number
  /** Since when it has nothing to do. */
  idleSince: number
}

/** Keeps the instances of a simulation, and how long they have lived. */
export function createSimulatedInstances({ min, max, concurrency, idleSeconds, warm, from }: Running) {
  const sum = { starts: 0, instanceSeconds: 0 }
  // A window that is open at the begin has been so before: what it keeps runs.
  const kept = warm.some(([begin, end]) => begin <= from && from < end) ? 1 : 0
  const atFirst = { length: Math.max(min, kept) }
  let running: SimulatedInstance[] = Array.from(atFirst, () => newInstance(from, { isReady: true }))

  /** When an instance ends that has nothing to do; the first one is what a window keeps. */
  const endOf = (instance: SimulatedInstance): number => {
    const at = running.indexOf(instance)
    if (at < min) return Number.POSITIVE_INFINITY
    const endAt = instance.idleSince + idleSeconds
    return at > 0 ? endAt : (warm.find(([from, to]) => from <= endAt && endAt < to)?.[1] ?? endAt)
  }
  const endIdle = (now: number) => {
    for (const instance of running) {
      if (!instance.isReady || instance.inFlight > 0 || instance.idleSince + idleSeconds >= now) continue
      const endAt = endOf(instance)
      // What has just become ready may still be given a call, however short the idle time is.
      if (endAt >= now) continue
      sum.instanceSeconds += endAt - instance.startedAt
      running = running.filter((one) => one !== instance)
    }
  }
  return {
    start(now: number): SimulatedInstance {
      sum.starts++
      const instance = newInstance(now, { isReady: false })
      running.push(instance)
      return instance
    },
    ready(instance: SimulatedInstance, now: number): void {
      instance.isReady = true
      instance.idleSince = now
    },
    /** Of those that have room the one that has the most to do, so that others may end. */
    free(now: number): SimulatedInstance | undefined {
      endIdle(now)
      let found: SimulatedInstance | undefined
      for (const one of running)
        if (one.isReady && one.inFlight < concurrency && !(found && found.inFlight >= one.inFlight)) found = one
      return found
    },
    take(instance: SimulatedInstance): void {
      instance.inFlight++
    },
    release(instance: SimulatedInstance, now: number): void {
      instance.inFlight--
      instance.idleSince = now
    },
    count(now: number): number {
      endIdle(now)
      return running.length
    },
    starting: () => running.filter(({ isReady }) => !isReady).length,
    mayStart(now: number): boolean {
      endIdle(now)
      return running.length < max
    },
    /** What there was up to a time, those included that still run. */
    sum(until: number) {
      const left = running.reduce((total, one) => {
        const endAt = one.isReady && one.inFlight === 0 ? endOf(one) : until
        return total + Math.max(0, Math.min(endAt, until) - one.startedAt)
      }, 0)
      return { starts: sum.starts, instanceSeconds: sum.instanceSeconds + left }
    },
  }
}

const newInstance = (at: number, { isReady }: { readonly isReady: boolean }): SimulatedInstance => ({
  ...{ startedAt: at, isReady, inFlight: 0, idleSince: at },
})
