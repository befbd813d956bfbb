import { serve } from 'ebb/http'
import conformanceCall from './handler.ts'

serve(conformanceCall)
