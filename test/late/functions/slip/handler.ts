import { cache, http, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { slip } from '../../domain/slip.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, http, cache }, async ({ body }, tools) => slip(body, tools))
