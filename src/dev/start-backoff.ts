const INITIAL_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 30_000

/**
 * The back-off of a function that does not start: none after the first failure, which may be bad luck, then ever longer pauses
 * from 1 s to 30 s.
 */
export function createStartBackoff(now: () => number) {
  let [failures, until] = [0, 0]
  return {
    /** Records a failed start; returns the failures in a row, and the pause that begins. */
    fail: () => {
      failures++
      const ms = failures === 1 ? 0 : Math.min(MAX_PAUSE_MS, INITIAL_PAUSE_MS * 2 ** (failures - 2))
      until = now() + ms
      return { failures, ms }
    },
    succeed: () => {
      failures = 0
    },
    /** The remaining pause; 0 or less if there is none. */
    leftMs: () => until - now(),
  }
}
