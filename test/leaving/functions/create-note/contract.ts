import { endpoint } from 'ebb/contract'
import { Note, noteCreated } from '../../domain/note.ts'

export default endpoint({
  name: 'create-note',
  summary: 'Write a note.',
  method: 'POST',
  path: '/v1/notes',
  body: Note.pick({ title: true }),
  reply: { status: 201, body: Note, location: '/v1/notes/{id}' },
  failures: { title_taken: 409 },
  access: {},
  emits: { 'note.created': noteCreated },
})
