import { serve } from 'ebb/http'
import getNote from './handler.ts'

serve(getNote)
