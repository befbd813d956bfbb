import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ params }, { sql, fail }) => {
  const memo = await sql.one<{ id: string }>`delete from memos where id = ${params.id} returning id`
  if (!memo) throw fail('memo_not_found', 'There is no such memo.')
  return memo
})
