import { serve } from 'ebb/http'
import keepEntry from './handler.ts'

serve(keepEntry)
