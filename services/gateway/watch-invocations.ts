import type { InvocationWatcher } from 'ebb/http/gateway'

/** How often calls that somebody waits for are looked at, all of them at once: for what no notification has told. */
const POLL_MS = 1_000

interface Waiter {
  /** What its request has seen last; undefined while it does not wait. */
  version: string | undefined
  /** Whether there was a change since it looked. */
  isStale: boolean
  wake: () => void
}

/**
 * Wakes requests that wait for calls: by the notifications of relays, and by one look in the database a second for all of
 * them together, however many there are.
 */
export function createInvocationWatch(
  readVersions: (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>,
  { pollMs = POLL_MS }: { readonly pollMs?: number } = {},
) {
  const waiters = new Map<string, Set<Waiter>>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false

  const change = (waiter: Waiter) => {
    waiter.isStale = true
    waiter.wake()
  }
  const look = async () => {
    const versions = await readVersions([...waiters.keys()])
    for (const [id, set] of waiters) {
      for (const waiter of set) if (waiter.version !== undefined && waiter.version !== versions.get(id)) change(waiter)
    }
  }
  /** What cannot be read now is read the next time; the requests have limits of their own. */
  const recheck = () => {
    if (waiters.size === 0 || isLooking) return
    isLooking = true
    void look()
      .catch(() => {})
      .finally(() => {
        isLooking = false
      })
  }

  return {
    watch(id: string): InvocationWatcher {
      const waiter: Waiter = { version: undefined, isStale: false, wake: () => {} }
      const set = waiters.get(id) ?? new Set()
      waiters.set(id, set.add(waiter))
      timer ??= setInterval(recheck, pollMs)
      return {
        changed: async (version, signal) => {
          if (!waiter.isStale && !signal.aborted) {
            const { promise, resolve } = Promise.withResolvers<void>()
            waiter.wake = resolve
            waiter.version = version
            const onAbort = () => resolve()
            signal.addEventListener('abort', onAbort, { once: true })
            await promise
            signal.removeEventListener('abort', onAbort)
          }
          waiter.isStale = false
          waiter.version = undefined
        },
        close: () => {
          set.delete(waiter)
          if (set.size === 0 && waiters.get(id) === set) waiters.delete(id)
          if (waiters.size > 0) return
          clearInterval(timer)
          timer = undefined
        },
      }
    },
    /** Calls have changed: their ids, with commas between them. */
    notified(ids: string): void {
      for (const id of ids.split(',')) for (const waiter of waiters.get(id) ?? []) change(waiter)
    },
    /** Looks now: notifications may have been missed. */
    recheck,
    close(): void {
      clearInterval(timer)
    },
  }
}
