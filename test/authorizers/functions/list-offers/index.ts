import { serve } from 'ebb/http'
import listOffers from './handler.ts'

serve(listOffers)
