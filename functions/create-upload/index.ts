import { serve } from 'ebb/http'
import createUpload from './handler.ts'

serve(createUpload)
