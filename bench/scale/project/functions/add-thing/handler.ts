import { randomUUID } from 'node:crypto'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ body }, { sql, emit }) => {
  const thing = { id: randomUUID(), name: body.name }
  await sql`insert into things (id, name) values (${thing.id}, ${thing.name})`
  if (thing.name !== 'untold') await emit('thing.added', thing)
  return thing
})
