import { objects, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, objects }, async ({ body }, { sql, objects }) =>
  objects.put({ sql }, body, { type: 'application/octet-stream' }),
)
