import { serve } from 'ebb/http'
import checkPartner from './handler.ts'

serve(checkPartner)
