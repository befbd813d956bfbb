import type pg from 'pg'
import { findAbandonedSql, type WorkKind } from './sql/find-abandoned.ts'

/**
 * Says which functions this relay's contracts have, and finds those that something waits for although no relay has had
 * them for `afterMs`: while relays of two versions run side by side, each knows functions that the other does not.
 */
export async function findAbandoned(
  pool: pg.Pool,
  kind: WorkKind,
  { known, afterMs }: { readonly known: readonly string[]; readonly afterMs: number },
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(findAbandonedSql(kind), [known, afterMs])
  return rows.map(({ name }) => name)
}
