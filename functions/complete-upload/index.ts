import { serve } from 'ebb/http'
import completeUpload from './handler.ts'

serve(completeUpload)
