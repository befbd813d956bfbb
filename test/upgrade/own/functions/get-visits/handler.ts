import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async (_input, { sql }) => {
  const counted = await sql.one<{ visits: number }>`select count(*) as visits from visits`
  return { visits: counted?.visits ?? 0 }
})
