import { randomUUID } from 'node:crypto'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ body }, { sql, emit }) => {
  const entry = { id: randomUUID(), name: body.name }
  await sql`insert into entries (id, name) values (${entry.id}, ${entry.name})`
  await emit('entry.kept', entry, { subject: entry.id })
  return entry
})
