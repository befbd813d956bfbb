import { serve } from 'ebb/http'
import makeThumbnail from './handler.ts'

serve(makeThumbnail)
