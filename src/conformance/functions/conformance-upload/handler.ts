import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, {}, async ({ body }) => {
  let bytes = 0
  for await (const chunk of body) bytes += chunk.length
  return { bytes, type: body.type }
})
