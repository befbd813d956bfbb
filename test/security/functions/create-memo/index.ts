import { serve } from 'ebb/http'
import createMemo from './handler.ts'

serve(createMemo)
