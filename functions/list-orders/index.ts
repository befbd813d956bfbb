import { serve } from 'ebb/http'
import listOrders from './handler.ts'

serve(listOrders)
