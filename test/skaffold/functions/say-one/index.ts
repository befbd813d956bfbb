import { serve } from 'ebb/http'
import handler from './handler.ts'

serve(handler)
