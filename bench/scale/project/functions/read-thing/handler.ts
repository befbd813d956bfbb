import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ params }, { sql }) => {
  const thing = await sql.one<{ name: string }>`select name from things where sku = ${params.sku}`
  return { name: thing?.name ?? '' }
})
