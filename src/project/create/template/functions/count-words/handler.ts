import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

/** Commits together with the record that the event was handled, so that one that comes twice changes nothing. */
export default implement(contract, { sql: postgres }, async ({ data }, { sql }) => {
  await sql`update notes set words = ${data.text.split(/\s+/).length} where id = ${data.id}`
})
