import { Problem, type Route } from '../../../contract/index.ts'
import type { CallFailure } from './call-failure.ts'
import type { CallVerdict } from './circuit-breakers.ts'
import type { ResponseHeaders } from './upstream-request.ts'

/** What stands for something in front of a function that has no room, or no instance, for a request. */
const NO_INSTANCE = new Set([404, 429, 503, 504])

/** What a response says about its function. What the contract declares is no fault, whatever its status. */
export function judgeResponse(route: Route, status: number, headers: ResponseHeaders): CallVerdict | undefined {
  // A service that is no function has no revision, and does not start.
  const isService = route.upstream !== undefined
  if (!isService && headers['ebb-revision'] === undefined)
    return NO_INSTANCE.has(status) ? 'unavailable' : status === 502 ? 'broken' : 'answered'
  if (status < 502 || status > 504 || route.failsWith?.includes(status)) return 'answered'
  // A start is no fault.
  if (!isService && headers['ebb-cold'] !== undefined && headers['ebb-cold'] !== 'false') return undefined
  return status === 502 ? 'broken' : 'overloaded'
}

/** What it says that there was no response. */
export const judgeFailure = (failure: CallFailure | Problem): CallVerdict | undefined => {
  if (!(failure instanceof Problem)) return failure.sent ? 'broken' : 'unavailable'
  return failure.status === 504 ? 'broken' : failure.status === 503 ? 'unavailable' : undefined
}
