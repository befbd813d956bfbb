import { serve } from 'ebb/http'
import getOrder from './handler.ts'

serve(getOrder)
