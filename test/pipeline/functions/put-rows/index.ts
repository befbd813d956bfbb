import { CopyError, postgres } from 'ebb/data'
import { implement, serve } from 'ebb/http'
import contract from './contract.ts'

const putRows = implement(contract, { sql: postgres }, async ({ body }, { sql, fail }) => {
  const rows = await sql.copyInto('measured', ['id', 'sensor', 'at', 'celsius'], body).catch((error: unknown) => {
    throw error instanceof CopyError ? fail('row_refused', error.message) : error
  })
  return { rows }
})

serve(putRows)
