import { endpoint } from 'ebb/contract'
import { Note } from '../../domain/note.ts'

export default endpoint({
  name: 'get-note',
  summary: 'Read a note, as its owner or with notes:read.',
  method: 'GET',
  path: '/v1/notes/{id}',
  params: Note.pick({ id: true }),
  reply: { status: 200, body: Note },
  failures: { note_not_found: 404 },
  access: { scopes: ['notes:read'], owner: true },
})
