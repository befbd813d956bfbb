import { endpoint } from 'ebb/contract'
import { Note, noteCreated } from '../../domain/note.ts'

export default endpoint({
  name: 'create-note',
  summary: 'Create a note.',
  method: 'POST',
  path: '/v1/notes',
  body: Note.pick({ text: true }),
  reply: { status: 201, body: Note },
  failures: { note_exists: 409 },
  access: { scopes: ['notes:write'] },
  idempotent: true,
  emits: { 'note.created': noteCreated },
  examples: { plants: { body: { text: 'Water the plants' } } },
})
