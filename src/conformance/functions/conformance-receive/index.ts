import { serve } from 'ebb/http'
import conformanceReceive from './handler.ts'

serve(conformanceReceive)
