import { subscriber } from 'ebb/contract'
import { noteCreated } from '../../domain/note.ts'

export default subscriber({
  name: 'count-words',
  summary: 'Count the words of a new note.',
  on: noteCreated,
})
