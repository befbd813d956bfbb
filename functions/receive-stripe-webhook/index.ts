import { serve } from 'ebb/http'
import receiveStripeWebhook from './handler.ts'

serve(receiveStripeWebhook)
