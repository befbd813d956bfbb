import { serve } from 'ebb/http'
import placeOrder from './handler.ts'

serve(placeOrder)
