import type { Log } from 'ebb/kernel'

const FRESH_MS = 1_000

/** Ready while `check` succeeds and `drain` was not called. However many ask, it is checked once a second at most. */
export function createReadiness(check: () => Promise<unknown>, { log }: { readonly log: Pick<Log, 'info' | 'warn'> }) {
  let draining = false
  let up: boolean | undefined
  let last: { readonly at: number; readonly checked: Promise<boolean> } | undefined

  const turn = (now: boolean, fault?: unknown) => {
    if (up !== now && now) log.info('the database is there')
    if (up !== now && !now) log.warn({ err: fault }, 'the database is away')
    up = now
    return now
  }
  return {
    async ready(): Promise<boolean> {
      if (draining) return false
      if (!last || performance.now() - last.at > FRESH_MS) {
        const checked = check().then(
          () => turn(true),
          (fault) => turn(false, fault),
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
