import { serve } from 'ebb/http'
import storeObject from './handler.ts'

serve(storeObject)
