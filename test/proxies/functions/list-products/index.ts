import { serve } from 'ebb/http'
import listProducts from './handler.ts'

serve(listProducts)
