import { serve } from 'ebb/http'
import readObject from './handler.ts'

serve(readObject)
