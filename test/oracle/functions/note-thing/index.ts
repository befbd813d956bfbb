import { serve } from 'ebb/http'
import noteThing from './handler.ts'

serve(noteThing)
