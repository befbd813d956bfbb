import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, {}, async (_input, { caller: { sub, tenant } }) => ({
  sub,
  ...(tenant === undefined ? {} : { tenant }),
}))
