import { objects, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, objects }, async ({ params }, { sql, objects, fail }) => {
  const found = await objects.get(sql, params.id)
  if (!found) throw fail('object_not_found', 'There is no such object.')
  return found.body
})
