interface Flight {
  readonly landed: Promise<string>
  readonly signal: AbortSignal
}

interface JoinOptions {
  /** Whether to begin one's own even where one is under way. */
  readonly anew: boolean
  /** Of the request that asks. */
  readonly signal: AbortSignal
}

/** Work that is under way in this process, by its key: whoever needs the same joins it. */
export function createFlights() {
  const flights = new Map<string, Flight>()

  function begin(key: string, work: () => Promise<string>, signal: AbortSignal): Flight {
    // A load that does not heed its signal must not hold up those that come later.
    const flight = { landed: orAborted(work(), signal), signal }
    flights.set(key, flight)
    const land = () => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    flight.landed.then(land, land)
    return flight
  }

  return {
    /** What the work gives, or its fault; but where it failed because its own request was over, the work begins again. */
    join: async (key: string, work: () => Promise<string>, { anew, signal }: JoinOptions): Promise<string> => {
      let flight = anew ? undefined : flights.get(key)
      while (flight) {
        try {
          return await orAborted(flight.landed, signal)
        } catch (fault) {
          if (signal.aborted || !flight.signal.aborted) throw fault
        }
        flight = flights.get(key)
      }
      return begin(key, work, signal).landed
    },
    /** Whoever comes later begins anew. */
    leave: (key: string): void => void flights.delete(key),
  }
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort))
}
