import { callsOf } from '../../contract/index.ts'
import { DELEGATION_HEADER } from '../../protocol/index.ts'
import { headerOf, type Step } from '../context.ts'
import { parseIdempotencyKey } from '../idempotency.ts'
import type { Contract } from '../implement.ts'

/** Keeps what the calls of a function are made with, where its contract declares any. */
export function takeDelegation(contract: Contract): Step | undefined {
  if (callsOf(contract).length === 0) return undefined
  // What a graph calls is idempotent, each by itself.
  const isIdempotent = contract.kind === 'endpoint' && (contract.idempotent === true || contract.graphql !== undefined)
  return function takeDelegation(request, response) {
    const { locals } = response
    const header = headerOf(request, 'idempotency-key')
    // Where nothing records the request's own key, it says nothing about what was done before.
    const isRecorded = isIdempotent || locals.identity.act === 'relay'
    const key = isRecorded && header !== undefined ? parseIdempotencyKey(header) : undefined
    locals.delegation = { tokens: headerOf(request, DELEGATION_HEADER), key }
  }
}
