import { randomUUID } from 'node:crypto'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ body }, { sql, caller }) => {
  const id = randomUUID()
  await sql`insert into memos (id, owner, text) values (${id}, ${caller.sub}, ${body.text})`
  return { id }
})
