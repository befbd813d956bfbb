import { serve } from 'ebb/http'
import countWords from './handler.ts'

serve(countWords)
