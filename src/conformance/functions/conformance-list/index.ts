import { serve } from 'ebb/http'
import conformanceList from './handler.ts'

serve(conformanceList)
