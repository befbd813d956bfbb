import { serve } from 'ebb/http'
import conformanceEvents from './handler.ts'

serve(conformanceEvents)
