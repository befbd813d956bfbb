import type pg from 'pg'

/** Forgets at most `limit` calls that ended longer ago than `keepSeconds`, and returns how many those were. */
export async function deleteEndedCalls(
  client: pg.ClientBase,
  { keepSeconds, limit }: { readonly keepSeconds: number; readonly limit: number },
): Promise<number> {
  const { rows } = await client.query<{ deleted: number }>('select ebb.delete_ended_calls($1, $2) as deleted', [
    ...[keepSeconds, limit],
  ])
  return rows[0]?.deleted ?? 0
}
