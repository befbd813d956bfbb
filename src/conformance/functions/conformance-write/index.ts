import { serve } from 'ebb/http'
import conformanceWrite from './handler.ts'

serve(conformanceWrite)
