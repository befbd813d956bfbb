import { randomUUID } from 'node:crypto'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Note } from '../../domain/note.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ body }, { sql, caller, emit, fail }) => {
  const note = await sql.one<z.infer<typeof Note>>`
    insert into notes (id, owner, title) values (${randomUUID()}, ${caller.sub}, ${body.title})
    on conflict do nothing
    returning *`
  if (!note) throw fail('title_taken', `There is a note ${body.title} already.`)
  await emit('note.created', note, { subject: note.id })
  return note
})
