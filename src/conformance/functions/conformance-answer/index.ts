import { serve } from 'ebb/http'
import conformanceAnswer from './handler.ts'

serve(conformanceAnswer)
