import type pg from 'pg'
import { destroyConnection } from './connection.ts'
import { queryWithTimeout } from './with-connection.ts'

/**
 * Runs `work` all or nothing within `limitMs`, on a connection that it waits for no longer. Rejects with a Problem 503 while
 * the database is unavailable; what is repeated after that must be safe to repeat, for the COMMIT may have arrived.
 */
export const transactWithTimeout = <Result>(
  pool: pg.Pool,
  limitMs: number,
  work: (client: pg.ClientBase) => Promise<Result>,
): Promise<Result> =>
  queryWithTimeout(pool, limitMs, async (client) => {
    await client.query('begin')
    try {
      const result = await work(client)
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch(() => destroyConnection(client))
      throw error
    }
  })
