import { serve } from 'ebb/http'
import recordEntry from './handler.ts'

serve(recordEntry)
