import { serve } from 'ebb/http'
import sendWelcomeEmail from './handler.ts'

serve(sendWelcomeEmail)
