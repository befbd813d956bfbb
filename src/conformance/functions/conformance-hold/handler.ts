import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ body: { batch, seconds } }, { sql, fail }) => {
  if (batch.startsWith('FULL')) throw fail('batch_full', `There is no room in ${batch}.`)
  await sql`select true as held from pg_advisory_xact_lock(hashtextextended(${batch}, 0))`
  if (seconds > 0) await sql`select true as slept from pg_sleep(${seconds})`
  return { batch }
})
