import { serve } from 'ebb/http'
import { hearNote, keepNote } from './notes.ts'

// Which of the two this process is, by its first argument.
if (process.argv[2] === 'keep-note') serve(keepNote)
else serve(hearNote)
