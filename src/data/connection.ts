import type pg from 'pg'
import { within } from './within.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** After so long without a word the host is asked, once a second: one that is gone is noticed 10 s later. */
const KEEP_ALIVE_MS = 10_000
const FAREWELL_MS = 1_000

/** What every connection to Postgres has, in a pool or alone. */
export const CONNECTION = {
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
} as const

/** Ends a connection without a farewell, for which a host that is gone would be waited for in vain. */
export const destroyConnection = (client: pg.Client): void => {
  client.connection.stream.destroy()
}

/** Ends a connection in order, or at once where nobody answers. */
export async function endConnection(client: pg.Client): Promise<void> {
  await within(FAREWELL_MS, client.end()).catch(() => destroyConnection(client))
}
