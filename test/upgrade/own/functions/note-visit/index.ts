import { serve } from 'ebb/http'
import noteVisit from './handler.ts'

serve(noteVisit)
