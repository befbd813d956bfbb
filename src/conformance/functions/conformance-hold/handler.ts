import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ body: { batch, seconds } }, { sql, fail }) => {
  if (batch.startsWith('FULL')) throw fail('batch_full', `There is no room in ${batch}.`)
  await sql`select true as held from pg_advisory_xact_lock(hashtextextended(${batch}, 0))`
  const endsAt = performance.now() + seconds * 1_000
  while (performance.now() < endsAt) {
    const other = await sql.one<{ waits: boolean }>`
      select exists (
        select from pg_locks
        where locktype = 'advisory' and mode = 'ExclusiveLock' and not granted
          and classid::bigint << 32 | objid::bigint = hashtextextended(${batch}, 0)
      ) as waits
      from pg_sleep(0.1)`
    if (other?.waits) break
  }
  return { batch }
})
