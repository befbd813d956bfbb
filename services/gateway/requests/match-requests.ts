import type { EndedRequest } from 'ebb/http/gateway'
import type { RequestFilter } from '../../../src/protocol/admin/requests.ts'

/** Returns what says whether a request is one of those that are asked for, and when it must have ended. */
export function matchRequests(filter: RequestFilter): (request: EndedRequest, atMs: number) => boolean {
  const { status, reason, path, minMs = 0 } = filter
  const since = filter.since === undefined ? 0 : Date.parse(filter.since)
  const method = filter.method?.toUpperCase()
  const statuses = status?.split(',')
  const isStatus = (given: number) =>
    !statuses || statuses.some((one) => one === String(given) || one === `${Math.floor(given / 100)}xx`)
  const is = (wanted: string | undefined, given: string | undefined) => wanted === undefined || wanted === given
  return (request, atMs) =>
    atMs >= since &&
    request.durationMs >= minMs &&
    isStatus(request.status) &&
    is(method, request.method) &&
    is(filter.function, request.function) &&
    is(filter.route, request.route) &&
    is(filter.caller, request.caller) &&
    is(filter.tenant, request.tenant) &&
    is(filter.correlation, request.correlationId) &&
    is(filter.trace, request.traceId) &&
    (reason === 'none' ? request.invoked : is(reason, request.reason)) &&
    (path === undefined || request.path.startsWith(path))
}
