import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { queryWithTimeout } from '../../../src/data/postgres/with-connection.ts'
import { type NewPurges, readPurges } from '../../../src/data/purges.ts'
import { createOutageReporter } from '../../../src/data/redis.ts'

interface FollowOptions {
  readonly onRead: (read: NewPurges) => void
  /** Whether anything could be purged: nothing is read while not. */
  readonly isNeeded: () => boolean
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Makes up for a NOTIFY that was lost; default: 1 s. */
  readonly pollMs?: number
}

/** A gateway's way to learn of purges. */
export interface PurgeFollower {
  /** Settles when it was read for the first time what is recent, or that has failed. */
  readonly started: Promise<void>
  /** Reads what is new, now. */
  readonly wake: () => void
  /** The connection to the database is lost: what is there next may be another one, of which all that is recent is read. */
  readonly restart: () => void
  readonly close: () => Promise<void>
}

const POLL_MS = 1_000
const READ_MS = 2_000
/** Several reads in a row, and not one that came too late. */
const MIN_OUTAGE_MS = 3_000

/** Reads each purge once, soon after it was committed: woken by a NOTIFY, or by a poll. One read runs at a time. */
export function followPurges(pool: pg.Pool, { onRead, isNeeded, log, pollMs = POLL_MS }: FollowOptions): PurgeFollower {
  const report = createOutageReporter(
    log,
    { lost: 'purges cannot be read; responses are kept as long as they are fresh', restored: 'purges are read again' },
    { minOutageMs: MIN_OUTAGE_MS },
  )
  let snapshot: string | undefined
  let reading: Promise<void> | undefined
  let isDue = false
  let closed = false

  const read = async () => {
    do {
      isDue = false
      const since = snapshot
      try {
        const found = await queryWithTimeout(pool, READ_MS, (client) => readPurges(client, since))
        // Restarted meanwhile: what comes next is read anew.
        if (since === snapshot) snapshot = found.snapshot
        onRead(found)
        report(true)
      } catch (error) {
        report(false, error)
        return
      }
    } while (isDue && !closed)
  }
  const wake = () => {
    isDue = true
    if (closed || reading || !isNeeded()) return
    reading = read().finally(() => {
      reading = undefined
    })
  }
  wake()
  const poll = setInterval(wake, pollMs).unref()
  return {
    started: reading ?? Promise.resolve(),
    wake,
    restart: () => {
      snapshot = undefined
      wake()
    },
    close: async () => {
      closed = true
      clearInterval(poll)
      await reading
    },
  }
}
