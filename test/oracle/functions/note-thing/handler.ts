import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ data }, { sql }) => {
  await sql`insert into notes (thing, text) values (${data.id}, ${data.name})`
})
