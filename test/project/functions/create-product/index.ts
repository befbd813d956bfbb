import { serve } from 'ebb/http'
import createProduct from './handler.ts'

serve(createProduct)
