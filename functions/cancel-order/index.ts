import { serve } from 'ebb/http'
import cancelOrder from './handler.ts'

serve(cancelOrder)
