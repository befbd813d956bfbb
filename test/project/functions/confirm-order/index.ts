import { serve } from 'ebb/http'
import confirmOrder from './handler.ts'

serve(confirmOrder)
