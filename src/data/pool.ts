import pg from 'pg'
import { Problem } from '../contract/index.ts'
import type { Log } from '../kernel/index.ts'
import { publishStatements } from './publish-statements.ts'

const CONNECT_TIMEOUT_MS = 5_000
const IDLE_MS = 30_000

/**
 * A pool of connections. Rows come as people expect them: columns in camelCase, int8 as a safe integer (else it
 * throws), timestamps as RFC 3339 strings. A connection that breaks while idle is logged and replaced.
 */
export function createPool(connectionString: string, { max = 10, log }: { max?: number; log: Log }): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_MS,
    types: { getTypeParser },
  })
  // While a connection is lent its fault reaches whoever runs a statement; unheard, the event would end the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  pool.on('connect', publishStatements)
  pool.on('error', (fault) => log.warn({ err: fault }, 'an idle database connection broke'))
  return pool
}

/** Runs `work` all or nothing, on one connection. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.ClientBase) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let fault: unknown
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (cause) {
    fault = cause
    await client.query('rollback').catch(() => {})
    throw cause
  } finally {
    // What broke in the middle is not lent again, unless it was a refusal of ours.
    client.release(fault !== undefined && !(fault instanceof Problem))
  }
}

const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') => {
  const { builtins } = pg.types
  if (oid === builtins.INT8) return toSafeInteger
  if (oid === builtins.TIMESTAMPTZ) return toRfc3339
  if (oid === builtins.TIMESTAMP) return (text: string) => text.replace(' ', 'T')
  if (oid === builtins.DATE) return String
  return pg.types.getTypeParser(oid, format)
}

function toSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large for a number; select it as text`)
  return value
}

const toRfc3339 = (text: string) => (text.endsWith('infinity') ? text : new Date(text).toISOString())

const camelNames = new Map<string, string>()

/** A row with its columns in camelCase. */
export function toCamelCase<Row extends object>(row: Record<string, unknown>): Row {
  // The caller names the shape that its own statement selects.
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [camelName(name), value])) as Row
}

function camelName(name: string): string {
  const known = camelNames.get(name)
  if (known) return known
  const camel = name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  camelNames.set(name, camel)
  return camel
}
