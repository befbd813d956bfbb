import { serve } from 'ebb/http'
import priceOrder from './handler.ts'

serve(priceOrder)
