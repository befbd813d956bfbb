import { http, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { slip } from '../../domain/slip.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, http }, async ({ body }, { sql, http }) =>
  slip(body, { sql, http }),
)
