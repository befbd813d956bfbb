import { serve } from 'ebb/http'
import reportLowStock from './handler.ts'

serve(reportLowStock)
