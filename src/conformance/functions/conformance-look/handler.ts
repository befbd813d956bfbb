import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ params: { batch } }, { sql, etag, fail }) => {
  if (batch.startsWith('NONE')) throw fail('batch_not_found', `There is no batch ${batch}.`)
  const look = await sql.one<{ free: boolean }>`
    select pg_try_advisory_xact_lock_shared(hashtextextended(${batch}, 0)) as free`
  const held = look?.free === false
  etag(`${batch}.${held}`)
  return { batch, held }
})
