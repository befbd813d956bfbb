import { subscriber } from 'ebb/contract'
import { noteCreated } from '../../domain/note.ts'

export default subscriber({ name: 'send-note', summary: 'Send each new note by mail.', on: noteCreated })
