import { randomUUID } from 'node:crypto'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

/** Its effect is its event: nothing is stored that a team would have to make a table for, or to tidy up. */
export default implement(contract, { sql: postgres }, async ({ body }, { sql, caller, emit, fail }) => {
  await sql`select true as free from pg_advisory_xact_lock_shared(hashtextextended(${body.batch}, 0))`
  if (body.batch.startsWith('NONE')) throw fail('batch_not_found', `There is no batch ${body.batch}.`)
  if (body.batch.startsWith('FULL')) throw fail('batch_full', `There is no room in ${body.batch}.`)

  const number = randomUUID()
  // It says whose it is, since conformance-read has nowhere to look that up.
  const entry = { id: `${number}.${Buffer.from(caller.sub).toString('base64url')}`, ...body }
  await emit('conformance.written', entry, { subject: `${body.batch}/${number}` })
  return entry
})
