import { serve } from 'ebb/http'
import findThing from './handler.ts'

serve(findThing)
