import { serve } from 'ebb/http'
import conformanceHold from './handler.ts'

serve(conformanceHold)
