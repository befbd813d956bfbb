import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ data }, { sql }) => {
  await sql`update things set noted = true where id = ${data.id}`
})
