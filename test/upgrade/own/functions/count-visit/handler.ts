import { createHash, randomUUID } from 'node:crypto'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ body }, { sql, emit, secrets }) => {
  const id = randomUUID()
  const mark = createHash('sha256').update(secrets.VISIT_SALT).update(id).digest('hex')
  await sql`insert into visits (id, page, mark) values (${id}, ${body.page}, ${mark})`
  const visit = { id, page: body.page, mark }
  await emit('visit.counted', visit, { subject: id })
  return visit
})
