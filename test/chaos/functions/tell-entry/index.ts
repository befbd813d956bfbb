import { serve } from 'ebb/http'
import tellEntry from './handler.ts'

serve(tellEntry)
