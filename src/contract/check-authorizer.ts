import type { AuthorizerShape } from './authorizer-shape.ts'
import { checkKeys } from './check-common.ts'
import { checkFunction } from './check-function.ts'

const KEYS = ['credentials', 'ttlSeconds', 'subjectPrefix']
const CREDENTIAL_KEYS = ['headers', 'path', 'query', 'body']
const HEADER = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
/** A minute is the default; beyond an hour, whoever was let in stays too long. */
const MAX_TTL_SECONDS = 3_600
/** Those of the protocol, and those that only the platform may set. */
const NOT_CREDENTIALS =
  /^(host|content-length|connection|transfer-encoding|te|trailer|upgrade|expect|keep-alive|ebb-|ce-|x-forwarded-|forwarded$|idempotency-key$)/
const PREFIX = /^[^\s\p{Cc}]{0,64}$/u

/** Throws a ContractError at the first contradiction. */
export function checkAuthorizer(contract: AuthorizerShape) {
  const refuse = checkFunction(contract, KEYS)
  const { credentials, ttlSeconds = 0, subjectPrefix = '' } = contract
  refuse(credentials === undefined, 'say in `credentials.headers` which headers it judges by')
  checkKeys(credentials, CREDENTIAL_KEYS, refuse)
  const { headers = [], ...flags } = credentials
  refuse(headers.length === 0, 'say in `credentials.headers` which headers it judges by: without one nobody is asked')
  for (const name of headers) {
    refuse(!HEADER.test(name), `credentials.headers "${name}" must be the name of a header, in lower case`)
    refuse(
      NOT_CREDENTIALS.test(name),
      `credentials.headers "${name}" is no credential: it is the protocol's or the platform's`,
    )
  }
  refuse(new Set(headers).size < headers.length, 'credentials.headers names one header twice')
  for (const [flag, given] of Object.entries(flags))
    refuse(given !== true, `credentials.${flag} must be true, or be left out`)
  refuse(
    !(Number.isInteger(ttlSeconds) && ttlSeconds >= 0 && ttlSeconds <= MAX_TTL_SECONDS),
    `ttlSeconds must be whole, and 0 to ${MAX_TTL_SECONDS}`,
  )
  refuse(!PREFIX.test(subjectPrefix), 'subjectPrefix must be up to 64 characters, without spaces')
}
