import { serve } from 'ebb/http'
import getFile from './handler.ts'

serve(getFile)
