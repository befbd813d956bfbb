interface Waiting {
  readonly name: string
  readonly bytes: number
  readonly admit: () => void
}

/** Memory that calls share. */
export interface ByteBudget {
  /** Waits until there is so much for this function. Resolves to what gives it back; rejects with the reason of `signal`. */
  take(name: string, bytes: number, signal: AbortSignal): Promise<() => void>
}

/**
 * Shares `totalBytes` between functions, in the order in which they ask. One that has something already gets no more than `eachBytes`,
 * and is waited for by nobody but itself. What is larger than all of it is alone.
 */
export function createByteBudget({
  totalBytes,
  eachBytes,
}: {
  readonly totalBytes: number
  readonly eachBytes: number
}): ByteBudget {
  const usedBy = new Map<string, number>()
  const waiting = new Set<Waiting>()
  let used = 0
  const add = (name: string, bytes: number) => {
    used += bytes
    usedBy.set(name, (usedBy.get(name) ?? 0) + bytes)
  }
  const isWithinShare = ({ name, bytes }: Waiting) => {
    const own = usedBy.get(name) ?? 0
    return own === 0 || own + bytes <= eachBytes
  }
  const admitWaiting = () => {
    for (const one of waiting) {
      if (!isWithinShare(one)) continue
      // Whoever comes next does not overtake it, or something large would wait without end.
      if (used > 0 && used + one.bytes > totalBytes) return
      waiting.delete(one)
      add(one.name, one.bytes)
      one.admit()
    }
  }
  return {
    async take(name, bytes, signal) {
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const one = { name, bytes, admit: resolve }
      const giveUp = () => {
        waiting.delete(one)
        reject(signal.reason)
        admitWaiting()
      }
      signal.addEventListener('abort', giveUp, { once: true })
      waiting.add(one)
      admitWaiting()
      await promise.finally(() => signal.removeEventListener('abort', giveUp))
      return () => {
        add(name, -bytes)
        admitWaiting()
      }
    },
  }
}
