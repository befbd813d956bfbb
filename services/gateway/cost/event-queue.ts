/** What is to happen, the earliest first; of what happens at one time, what was added first. */
export interface EventQueue<Event> {
  readonly add: (at: number, event: Event) => void
  /** When the next one happens; infinity where there is none. */
  readonly nextAt: () => number
  readonly take: () => Event | undefined
}

/** A binary heap. */
export function createEventQueue<Event>(): EventQueue<Event> {
  const heap: { readonly at: number; readonly number: number; readonly event: Event }[] = []
  let number = 0
  const isBefore = (a: number, b: number) => {
    const [one, other] = [heap[a], heap[b]]
    if (!one || !other) return one !== undefined
    return one.at < other.at || (one.at === other.at && one.number < other.number)
  }
  const swap = (a: number, b: number) => {
    const [one, other] = [heap[a], heap[b]]
    if (one && other) [heap[a], heap[b]] = [other, one]
  }
  return {
    add(at, event) {
      heap.push({ at, number: number++, event })
      for (let i = heap.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1
        if (!isBefore(i, parent)) break
        swap(i, parent)
        i = parent
      }
    },
    nextAt: () => heap[0]?.at ?? Number.POSITIVE_INFINITY,
    take() {
      const first = heap[0]
      const last = heap.pop()
      if (!first || !last || heap.length === 0) return first?.event
      heap[0] = last
      for (let i = 0; ; ) {
        const [left, right] = [2 * i + 1, 2 * i + 2]
        const least = isBefore(right, left) ? right : left
        if (least >= heap.length || !isBefore(least, i)) break
        swap(i, least)
        i = least
      }
      return first.event
    },
  }
}
