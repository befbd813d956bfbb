/** The requests that a process has in hand, counted so that one can wait for those of a moment at no cost to others. */
export interface InFlight {
  /** One more; to be given to `end`. */
  readonly begin: () => number
  readonly end: (begun: number) => void
  /** Calls once all are over that are in hand by now: at once, where there are none. */
  readonly whenOver: (listener: () => void) => void
}

export function createInFlight(): InFlight {
  /** How many are in hand of those that began between one call of `whenOver` and the next. */
  const counts = [0]
  let waiting: { readonly until: number; readonly listener: () => void }[] = []

  const isOver = (until: number) => counts.slice(0, until).every((count) => count === 0)
  const settle = () => {
    const over = waiting.filter(({ until }) => isOver(until))
    if (over.length === 0) return
    waiting = waiting.filter((one) => !over.includes(one))
    for (const { listener } of over) listener()
  }
  const add = (begun: number, by: number) => {
    counts[begun] = (counts[begun] ?? 0) + by
  }
  return {
    begin: () => {
      add(counts.length - 1, 1)
      return counts.length - 1
    },
    end: (begun) => {
      add(begun, -1)
      if (waiting.length > 0) settle()
    },
    whenOver: (listener) => {
      waiting.push({ until: counts.length, listener })
      // Nothing has begun since the last call: it waits for the same ones.
      if (counts.at(-1) !== 0) counts.push(0)
      settle()
    },
  }
}
