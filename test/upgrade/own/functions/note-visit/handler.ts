import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ data }, { sql, fail }) => {
  const gate = await sql.one<{ open: boolean }>`select open from visit_gate`
  if (!gate?.open && data.page === 'dead') throw fail('closed', 'Nothing is noted for this page now.')
  if (!gate?.open && data.page === 'wait') throw new Error('The notes are somewhere else; later.')
  await sql`insert into visit_notes (visit) values (${data.id})`
})
