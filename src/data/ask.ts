import type pg from 'pg'
import { borrow } from './borrow.ts'

/**
 * Runs a question that no request's deadline ends within a limit of its own: then it is cancelled, and its connection is
 * free again or destroyed. Rejects with a Problem 503 while the database is away.
 */
export async function ask<Result>(
  pool: pg.Pool,
  limitMs: number,
  question: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController()
  const giveUp = () => limit.abort(new Error(`the database did not answer within ${limitMs} ms`))
  // Where this process itself was busy, the answer may wait to be read: immediates run after that.
  const timer = setTimeout(() => setImmediate(giveUp), limitMs)
  try {
    return await borrow({ pool }, { signal: limit.signal, timeoutMs: limitMs }, ({ client }) => question(client))
  } finally {
    clearTimeout(timer)
  }
}
