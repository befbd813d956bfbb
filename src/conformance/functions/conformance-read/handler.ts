import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, {}, async ({ params }, { own }) => {
  const [, subject = ''] = params.id.split('.')
  const owner = Buffer.from(subject, 'base64url').toString()
  own(owner)
  return { id: params.id, owner }
})
