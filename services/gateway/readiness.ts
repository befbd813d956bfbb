import type { Log } from 'ebb/kernel'

const FRESH_MS = 1_000

/** Ready while `check` succeeds and `drain` was not called. However often it is asked, it checks once a second at most. */
export function createReadiness(check: () => Promise<unknown>, { log }: { readonly log: Pick<Log, 'info' | 'warn'> }) {
  let draining = false
  let wasUp: boolean | undefined
  let last: { readonly at: number; readonly checked: Promise<boolean> } | undefined

  const report = (isUp: boolean, error?: unknown) => {
    if (wasUp !== isUp && isUp) log.info('the database is available')
    if (wasUp !== isUp && !isUp) log.warn({ err: error }, 'the database is unavailable')
    wasUp = isUp
    return isUp
  }
  return {
    async ready(): Promise<boolean> {
      if (draining) return false
      if (!last || performance.now() - last.at > FRESH_MS) {
        const checked = check().then(
          () => report(true),
          (error) => report(false, error),
        )
        last = { at: performance.now(), checked }
      }
      return last.checked
    },
    drain() {
      draining = true
    },
  }
}
