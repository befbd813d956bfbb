/** Calls `report` at most once a second: the first time at once, and with the next how often it happened since. */
export function onceASecond<Args extends readonly unknown[]>(report: (times: number, ...args: Args) => void) {
  let times = 0
  let last = Number.NEGATIVE_INFINITY
  return (...args: Args) => {
    times++
    const now = performance.now()
    if (now - last < 1_000) return
    report(times, ...args)
    last = now
    times = 0
  }
}
