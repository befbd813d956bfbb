import { serve } from 'ebb/http'
import getUser from './handler.ts'

serve(getUser)
