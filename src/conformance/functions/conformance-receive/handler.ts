import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

/** What is stored of a webhook is the gateway's work; nothing is left to do. */
export default implement(contract, { sql: postgres }, async () => {})
