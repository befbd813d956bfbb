import { serve } from 'ebb/http'
import createUser from './handler.ts'

serve(createUser)
