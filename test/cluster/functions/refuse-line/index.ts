import { serve } from 'ebb/http'
import refuseLine from './handler.ts'

serve(refuseLine)
