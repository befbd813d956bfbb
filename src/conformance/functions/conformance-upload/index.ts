import { serve } from 'ebb/http'
import conformanceUpload from './handler.ts'

serve(conformanceUpload)
