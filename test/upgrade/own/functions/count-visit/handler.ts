import { createHash, randomUUID } from 'node:crypto'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

/** Until 0.2 a secret was its text. */
const textOf = (secret: string | { reveal(): string }) => (typeof secret === 'string' ? secret : secret.reveal())

export default implement(contract, { sql: postgres }, async ({ body }, { sql, emit, secrets }) => {
  const id = randomUUID()
  const mark = createHash('sha256').update(textOf(secrets.VISIT_SALT)).update(id).digest('hex')
  await sql`insert into visits (id, page, mark) values (${id}, ${body.page}, ${mark})`
  const visit = { id, page: body.page, mark }
  await emit('visit.counted', visit, { subject: id })
  return visit
})
