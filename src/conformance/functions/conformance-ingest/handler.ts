import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

/** Its effect is its events, one for each line. */
export default implement(contract, { sql: postgres }, async ({ body }, { emit }) => {
  let lines = 0
  for await (const line of body) await emit('conformance.ingested', line, { subject: `${line.batch}/${++lines}` })
  return { lines }
})
