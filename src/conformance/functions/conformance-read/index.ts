import { serve } from 'ebb/http'
import conformanceRead from './handler.ts'

serve(conformanceRead)
