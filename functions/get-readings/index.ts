import { serve } from 'ebb/http'
import getReadings from './handler.ts'

serve(getReadings)
