import { serve } from 'ebb/http'
import ingestReadings from './handler.ts'

serve(ingestReadings)
