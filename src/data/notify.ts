import type pg from 'pg'
import { ask } from './ask.ts'

const AT_MOST_EVERY_MS = 10
const LIMIT_MS = 2_000

/**
 * A notifier that sends at most one NOTIFY in 10 ms, outside any transaction (Postgres serialises commits that
 * notify) and never delaying anybody; one that is lost is made good by the listener's poll.
 */
export function createNotifier(pool: pg.Pool, channel: string) {
  let due: NodeJS.Timeout | undefined
  let sending: Promise<unknown> = Promise.resolve()
  const send = () => {
    due = undefined
    sending = ask(pool, LIMIT_MS, (client) => client.query(`notify ${channel}`)).catch(() => {})
  }
  return {
    notify: () => {
      due ??= setTimeout(send, AT_MOST_EVERY_MS)
    },
    /** Sends what is due and waits for it. */
    flush: async () => {
      if (due) {
        clearTimeout(due)
        send()
      }
      await sending
    },
  }
}
