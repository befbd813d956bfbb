import { serve } from 'ebb/http'
import getProduct from './handler.ts'

serve(getProduct)
