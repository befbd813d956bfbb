import { serve } from 'ebb/http'
import getVisits from './handler.ts'

serve(getVisits)
