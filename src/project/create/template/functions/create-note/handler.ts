import { randomUUID } from 'node:crypto'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Note } from '../../domain/note.ts'
import contract from './contract.ts'

/** One transaction: the note, its event and the answer that a repeated request gets are all there, or none of them is. */
export default implement(contract, { sql: postgres }, async ({ body }, { sql, caller, emit, fail }) => {
  const note = await sql.one<z.infer<typeof Note>>`
    insert into notes (id, owner, text)
    values (${randomUUID()}, ${caller.sub}, ${body.text})
    on conflict do nothing
    returning *`
  if (!note) throw fail('note_exists', 'You have this note already.')

  await emit('note.created', note, { subject: note.id })
  return note
})
