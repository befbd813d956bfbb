import { serve } from 'ebb/http'
import deleteMemo from './handler.ts'

serve(deleteMemo)
