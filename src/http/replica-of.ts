import { isEventStream, type Route } from '../contract/index.ts'
import type { TransactionOptions } from '../kernel/index.ts'
import { POSITION_HEADER } from '../protocol/index.ts'
import { headerOf, type Request } from './context.ts'

/**
 * Whether the handler's reads may go to a replica. What a cache keeps may not be older than the purge before it; and what
 * lasts, such as a WebSocket, would not learn of its caller's later writes.
 */
export const mayReadReplica = (route: Route): boolean =>
  route.readOnly && route.replica !== false && !route.cache && !route.upgrade && !isEventStream(route)

/** What a replica must have to answer a request to such a route. */
export const replicaOf = (request: Request): NonNullable<TransactionOptions['replica']> => ({
  position: headerOf(request, POSITION_HEADER),
})
