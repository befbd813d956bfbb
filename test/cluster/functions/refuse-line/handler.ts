import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ data }, { fail }) => {
  if (data.batch === 'REFUSED') throw fail('line_refused', 'No line of this batch is taken.')
})
