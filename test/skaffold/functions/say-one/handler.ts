import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, {}, async () => ({ said: 'one' }))
