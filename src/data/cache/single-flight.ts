import { withSignal } from '../../kernel/promises.ts'

interface InFlight {
  readonly promise: Promise<string>
  readonly signal: AbortSignal
}

interface RunOptions {
  /** Starts the work even if the same work is in flight. */
  readonly forceNew: boolean
  /** Of the request that needs the result. */
  readonly signal: AbortSignal
}

/** Work that is in flight in this process, by its key: requests that need the same result share one run. */
export function createSingleFlight() {
  const inFlight = new Map<string, InFlight>()

  function start(key: string, work: () => Promise<string>, signal: AbortSignal): InFlight {
    // A load that ignores its signal must not hold up later requests.
    const run = { promise: withSignal(signal, work()), signal }
    inFlight.set(key, run)
    const remove = () => {
      if (inFlight.get(key) === run) inFlight.delete(key)
    }
    run.promise.then(remove, remove)
    return run
  }

  return {
    /** Settles as the work does; but if the work failed because the request that started it ended, it is started again. */
    run: async (key: string, work: () => Promise<string>, { forceNew, signal }: RunOptions): Promise<string> => {
      let shared = forceNew ? undefined : inFlight.get(key)
      while (shared) {
        try {
          return await withSignal(signal, shared.promise)
        } catch (error) {
          if (signal.aborted || !shared.signal.aborted) throw error
        }
        shared = inFlight.get(key)
      }
      return start(key, work, signal).promise
    },
    /** Later requests start the work again. */
    forget: (key: string): void => void inFlight.delete(key),
  }
}
