import type pg from 'pg'

/** Reads in which state calls are, to compare with what was seen of them; those that are forgotten are left out. */
export async function readInvocationVersions(
  client: pg.ClientBase,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ id: string; version: string }>(readVersionsSql, [ids])
  return new Map(rows.map(({ id, version }) => [id, version]))
}

/** As `versionOf` makes them of what was found. */
const readVersionsSql = /* sql */ `
select id, attempts || case when cancelled_at is null then state else 'cancelled' end as version
from ebb.invocation where id = any ($1::uuid[])`
