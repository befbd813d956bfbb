import type { Log } from 'ebb/kernel'

const FIRST_BACKOFF_MS = 100
const LAST_BACKOFF_MS = 5_000
/** A turn that takes longer hangs: a statement that Postgres never answers, as where its host is gone. */
const LONGEST_TURN_MS = 15_000
/** Far more than all of a turn's statements may take: one that is still under way will never end. */
const STUCK_MS = 120_000

/** Knows how the turns go. Says once that the database went (or refuses), and once that it came back. */
export function createHealth(log: Log, { now = () => performance.now() } = {}) {
  let wasGood = false
  let backoffMs = 0
  let beganAt: number | undefined
  const lastsLessThan = (limitMs: number) => beganAt === undefined || now() - beganAt < limitMs
  return {
    begin() {
      beganAt = now()
    },
    good() {
      if (!wasGood) log.info({}, 'relay ready')
      else if (backoffMs > 0) log.info({}, 'the relay goes on')
      wasGood = true
      backoffMs = 0
      beganAt = undefined
    },
    /** Answers how long to wait. */
    bad(fault: unknown): number {
      if (backoffMs === 0) log.error({ err: fault }, 'the relay is held up')
      backoffMs = backoffMs === 0 ? FIRST_BACKOFF_MS : Math.min(backoffMs * 2, LAST_BACKOFF_MS)
      beganAt = undefined
      return backoffMs
    },
    /** Whether the last turn was good, and the one under way does not hang. */
    isGood: () => wasGood && backoffMs === 0 && lastsLessThan(LONGEST_TURN_MS),
    /** Whether turns end, well or not: a database that is away is no reason to start again. */
    isAlive: () => lastsLessThan(STUCK_MS),
  }
}
