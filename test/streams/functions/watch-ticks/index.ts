import { serve } from 'ebb/http'
import watchTicks from './handler.ts'

serve(watchTicks)
