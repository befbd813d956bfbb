import { serve } from 'ebb/http'
import summariseReadings from './handler.ts'

serve(summariseReadings)
