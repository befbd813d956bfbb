import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ params }, { sql, own, fail }) => {
  const memo = await sql.one<{ id: string; owner: string; text: string }>`select * from memos where id = ${params.id}`
  if (!memo) throw fail('memo_not_found', 'There is no such memo.')
  own(memo.owner)
  return memo
})
