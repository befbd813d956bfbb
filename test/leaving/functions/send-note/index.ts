import { serve } from 'ebb/http'
import sendNote from './handler.ts'

serve(sendNote)
