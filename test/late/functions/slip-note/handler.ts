import { http, mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { slip } from '../../domain/slip.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, http, mail }, async ({ data }, { sql, http, mail }) => {
  await slip(data, { sql, http, mail })
})
