import { timingSafeEqual } from 'node:crypto'
import { implement } from 'ebb/http'
import contract from './contract.ts'

/** Whoever knows its own name backwards. */
export default implement(contract, {}, async ({ headers }, { log }) => {
  const { 'x-partner': partner = '', 'x-partner-secret': secret = '' } = headers
  log.info({ partner }, 'asked')
  // It ends as an authorizer ends that has an error of its own.
  if (partner === 'crash') throw new Error('this authorizer has an error')
  const expected = [...partner].reverse().join('')
  const isKnown = secret.length === expected.length && timingSafeEqual(Buffer.from(secret), Buffer.from(expected))
  return isKnown
    ? { allow: true, caller: { sub: partner, scopes: ['offers:read'], tenant: partner } }
    : { allow: false }
})
