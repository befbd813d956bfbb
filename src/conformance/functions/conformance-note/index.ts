import { serve } from 'ebb/http'
import conformanceNote from './handler.ts'

serve(conformanceNote)
