import { serve } from 'ebb/http'
import conformanceLook from './handler.ts'

serve(conformanceLook)
