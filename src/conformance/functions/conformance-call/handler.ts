import { services } from 'ebb/data'
import { implement } from 'ebb/http'
import answer from '../conformance-answer/contract.ts'
import contract from './contract.ts'

export default implement(contract, { call: services({ answer }) }, async ({ body }, { call, caller, fail }) => {
  const answered = await call.answer({ body })
  if (!answered.ok) throw fail('not_answered', answered.message)
  return { caller: caller.sub, answer: answered.data }
})
