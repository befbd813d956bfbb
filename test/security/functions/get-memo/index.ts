import { serve } from 'ebb/http'
import getMemo from './handler.ts'

serve(getMemo)
