import { serve } from 'ebb/http'
import settleOrder from './handler.ts'

serve(settleOrder)
