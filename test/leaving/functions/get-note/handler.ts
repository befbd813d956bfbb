import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Note } from '../../domain/note.ts'
import contract from './contract.ts'

type Row = z.infer<typeof Note> & { readonly owner: string }

export default implement(contract, { sql: postgres }, async ({ params }, { sql, own, fail }) => {
  const note = await sql.one<Row>`select * from notes where id = ${params.id}`
  if (!note) throw fail('note_not_found', 'There is no such note.')
  own(note.owner)
  return note
})
