import { hashOf } from '../../kernel/hash-of.ts'
import { traceIdOf } from '../../kernel/index.ts'
import { endRequestSpan, methodName, serverAttributes } from '../../telemetry/index.ts'
import { type GatewayContext, PROBES } from './context.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { isPlatformRoute } from './own-routes.ts'

/** Counts, logs, keeps and traces a request that has ended, once; the status is 499 for a caller that did not wait. */
export function recordRequest(
  context: GatewayContext,
  status: number,
  { log, metrics, keep }: GatewayDependencies,
): void {
  const { method, route, shortCircuitReason, path, cold, revision, variant, bytes } = context
  const { sub, tenant } = context.caller
  const durationMs = performance.now() - context.startedAt
  const name = isPlatformRoute(route) ? undefined : route?.name
  if (shortCircuitReason && status !== 499) metrics.shortCircuited(shortCircuitReason)
  metrics.completed({
    ...{ route: route?.path ?? 'none', method, status, seconds: durationMs / 1_000, waitSeconds: waitOf(context) },
    ...{ name, plan: context.appliedPlan, tenant, invoked: context.invoked ? route?.name : undefined },
    ...{ deferred: context.deferred, cold, revision, bytes, resource: resourceOf(context) },
  })
  const fields = {
    ...{ function: name, route: route?.path, method, path, status, durationMs: Math.round(durationMs) },
    ...{ correlationId: context.correlationId, traceId: traceIdOf(context.traceparent) },
    ...{ caller: sub, tenant, client: context.client.address, cold },
    deprecated: route?.deprecated ? (true as const) : undefined,
    tool: context.ending ? (true as const) : undefined,
    ...{ reason: shortCircuitReason, bytes, variant },
  }
  // Probes come every few seconds, and matter only when they fail.
  const isQuiet = path.startsWith(PROBES) && status < 400
  log[isQuiet ? 'debug' : 'info'](fields, 'request')
  if (!isQuiet) keep?.({ ...fields, invoked: context.invoked, revision })
  endRequestSpan(context.span, () => describeSpan(context, status))
}

/** Only what was asked of a function by GET, and answered by it or from the cache, could be kept. */
function resourceOf(context: GatewayContext): number | undefined {
  const { method, route, path, query, caller, invoked, shortCircuitReason = '' } = context
  if (method !== 'GET' || route?.kind !== 'endpoint' || isPlatformRoute(route)) return undefined
  if (!invoked && !FROM_CACHE.has(shortCircuitReason)) return undefined
  return hashOf(path + query + (route.cache?.shared ? '' : caller.sub))
}

const FROM_CACHE: ReadonlySet<string> = new Set(['cached', 'stale', 'not_modified'])

/** How long the caller waited for its function. */
const waitOf = ({ respondedAt, bodyReceivedAt }: GatewayContext) =>
  respondedAt === undefined ? undefined : (respondedAt - bodyReceivedAt) / 1_000

function describeSpan({ request, method, route, caller, correlationId }: GatewayContext, status: number) {
  const { socket } = request
  const routeAttributes = route && {
    route: route.path,
    ...(caller.tenant === undefined ? {} : { tenant: caller.tenant }),
  }
  return {
    name: route ? `${methodName(method)} ${route.path}` : methodName(method),
    attributes: {
      ...serverAttributes({ request, socket, isBehindGateway: false, status, routeAttributes }),
      'ebb.correlation_id': correlationId,
    },
    isError: status >= 500,
  }
}
