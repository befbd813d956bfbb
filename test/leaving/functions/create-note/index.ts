import { serve } from 'ebb/http'
import createNote from './handler.ts'

serve(createNote)
