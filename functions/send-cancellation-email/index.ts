import { serve } from 'ebb/http'
import sendCancellationEmail from './handler.ts'

serve(sendCancellationEmail)
