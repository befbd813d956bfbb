import { serve } from 'ebb/http'
import receiveGithubWebhook from './handler.ts'

serve(receiveGithubWebhook)
