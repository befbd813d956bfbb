import { serve } from 'ebb/http'
import conformanceIngest from './handler.ts'

serve(conformanceIngest)
