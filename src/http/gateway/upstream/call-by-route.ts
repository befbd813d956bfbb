import type { GatewayDependencies } from '../dependencies.ts'
import { createFunctionCaller } from './call-function.ts'
import { createProxyCaller } from './call-proxied.ts'
import type { CallUpstream } from './upstream-request.ts'

/** Calls what is behind a request's route: its function, or the service of a proxy. */
export function createUpstreamCaller(
  dependencies: Pick<GatewayDependencies, 'sign' | 'upstream' | 'log'>,
): CallUpstream {
  const callFunction = createFunctionCaller(dependencies)
  const callProxied = createProxyCaller(dependencies)
  return (request, sink) => (request.route.upstream ? callProxied : callFunction)(request, sink)
}
