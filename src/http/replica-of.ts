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

/**
 * What a replica must have to answer a request to such a route. Undefined, so that none may, where the request did not come
 * through a gateway that knows of positions, as during a roll-out.
 */
export function replicaOf(request: Request): TransactionOptions['replica'] {
  const position = headerOf(request, POSITION_HEADER)
  return position === undefined ? undefined : { position }
}
