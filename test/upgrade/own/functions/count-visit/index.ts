import { serve } from 'ebb/http'
import countVisit from './handler.ts'

serve(countVisit)
