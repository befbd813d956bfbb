import pg from 'pg'
import type { Context } from '../cluster/context.ts'

/** The database of what is upgraded, with all rights. */
export interface Database {
  /** The rows of a query, in which `$1` is an array of ids. */
  rows<Row>(query: string, ids?: readonly string[]): Promise<readonly Row[]>
  execute(statement: string): Promise<void>
  close(): Promise<void>
}

export function openDatabase(url: string): Database {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  // Of a connection that waits for its next query while its server is stopped.
  pool.on('error', () => {})
  return {
    rows: async <Row>(query: string, ids?: readonly string[]) =>
      // The caller's query returns what it says.
      (await pool.query(query, ids && [ids])).rows as readonly Row[],
    execute: async (statement) => void (await pool.query(statement)),
    close: () => pool.end(),
  }
}

/** The one in a cluster, which only its own pods reach: by psql in its pod. */
export function databaseInPod({ kubectl, options }: Context): Database {
  const psql = ['exec', '--stdin', `${options.release}-postgres-0`, '--', 'psql', '--username=postgres', '--dbname=ebb']
  const run = (input: string) =>
    kubectl.text([...psql, '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1'], { input })
  return {
    rows: async <Row>(query: string, ids: readonly string[] = []) => {
      // Ids are UUIDs, which need no quoting.
      const text = query.replaceAll('$1', `'{${ids.join(',')}}'`)
      return JSON.parse(await run(`select coalesce(json_agg(found), '[]') from (${text}) found`)) as readonly Row[]
    },
    execute: async (statement) => void (await run(statement)),
    close: async () => {},
  }
}
