import { serve } from 'ebb/http'
import graphql from './handler.ts'

serve(graphql)
