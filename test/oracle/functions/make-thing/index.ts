import { serve } from 'ebb/http'
import makeThing from './handler.ts'

serve(makeThing)
