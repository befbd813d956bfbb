import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ event, data }, { emit }) => {
  await emit('conformance.noted', data, event.subject === undefined ? {} : { subject: event.subject })
})
