interface InFlight {
  readonly promise: Promise<string>
  readonly signal: AbortSignal
}

interface RunOptions {
  /** Whether to begin one's own even where one is under way. */
  readonly forceNew: boolean
  /** Of the request that asks. */
  readonly signal: AbortSignal
}

/** Work that is under way in this process, by its key: whoever needs the same joins it. */
export function createSingleFlight() {
  const flights = new Map<string, InFlight>()

  function begin(key: string, work: () => Promise<string>, signal: AbortSignal): InFlight {
    // A load that does not heed its signal must not hold up those that come later.
    const flight = { promise: abortable(work(), signal), signal }
    flights.set(key, flight)
    const land = () => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    flight.promise.then(land, land)
    return flight
  }

  return {
    /** What the work gives, or its fault; but where it failed because its own request was over, the work begins again. */
    join: async (key: string, work: () => Promise<string>, { forceNew, signal }: RunOptions): Promise<string> => {
      let flight = forceNew ? undefined : flights.get(key)
      while (flight) {
        try {
          return await abortable(flight.promise, signal)
        } catch (fault) {
          if (signal.aborted || !flight.signal.aborted) throw fault
        }
        flight = flights.get(key)
      }
      return begin(key, work, signal).promise
    },
    /** Whoever comes later begins anew. */
    leave: (key: string): void => void flights.delete(key),
  }
}

async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort))
}
