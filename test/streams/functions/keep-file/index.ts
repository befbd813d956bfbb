import { serve } from 'ebb/http'
import keepFile from './handler.ts'

serve(keepFile)
