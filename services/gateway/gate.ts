export interface GateOptions {
  /** Works that run at a time. */
  readonly maxRunning: number
  readonly maxWaiting: number
  /** Returns what a work rejects with for which there is no room. */
  readonly overflow: () => Error
}

/** Lets some works run at a time and some more wait their turn, no longer than until their signals abort. */
export function createGate({ maxRunning, maxWaiting, overflow }: GateOptions) {
  const waiting = new Set<() => void>()
  let running = 0
  const leave = () => {
    const [next] = waiting
    if (!next) return void running--
    waiting.delete(next)
    next()
  }

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (running < maxRunning) return void running++
    if (waiting.size >= maxWaiting) throw overflow()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = () => void (waiting.delete(resolve) && reject(signal.reason))
    waiting.add(resolve)
    signal.addEventListener('abort', giveUp)
    await promise.finally(() => signal.removeEventListener('abort', giveUp))
  }

  return async function pass<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    await enter(signal)
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
