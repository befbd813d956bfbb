/** Work that is done now and every so often, never twice at once. */
export interface Rounds {
  /** Begins a round, unless one is under way. */
  start(): void
  /** Begins none any more, and waits for the one that is under way. */
  stop(): Promise<void>
}

/** Begins with a round now. One that fails is reported, and made up for by the next. */
export function inRounds(
  work: () => Promise<void>,
  { intervalMs, onFailure }: { readonly intervalMs: number; readonly onFailure: (error: unknown) => void },
): Rounds {
  let running: Promise<void> | undefined
  const start = () => {
    running ??= work()
      .catch(onFailure)
      .finally(() => {
        running = undefined
      })
  }
  const timer = setInterval(start, intervalMs)
  start()
  return {
    start,
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
