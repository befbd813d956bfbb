const INITIAL_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 30_000

/**
 * Keeps a function that does not start from being hammered: the first failure may be bad luck, from the second on there is
 * a pause, ever longer, from 1 s to 30 s.
 */
export function createStartBackoff(now: () => number) {
  let [failures, until] = [0, 0]
  return {
    /** One more start has failed; answers how often in a row, and the pause that begins. */
    fail: () => {
      failures++
      const ms = failures === 1 ? 0 : Math.min(MAX_PAUSE_MS, INITIAL_PAUSE_MS * 2 ** (failures - 2))
      until = now() + ms
      return { failures, ms }
    },
    succeed: () => {
      failures = 0
    },
    /** What is left of the pause; 0 or less where there is none. */
    leftMs: () => until - now(),
  }
}
