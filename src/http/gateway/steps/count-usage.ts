import type { GatewayContext, Step } from '../context.ts'
import { isAnonymous, routeOf } from '../context.ts'
import type { UsageCaller } from '../contract-usage.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { explained } from '../explanation.ts'
import { isPlatformRoute } from '../own-routes.ts'

/** Counts by whom an endpoint is called, and with which of its optional fields. */
export function countUsage({ usage }: Pick<GatewayDependencies, 'usage'>): Step {
  const step: Step = function countUsage(context) {
    const route = routeOf(context)
    if (!usage || isPlatformRoute(route)) return undefined
    usage({
      ...{ endpoint: route.name, version: context.contracts?.endpointFields?.[route.name]?.version ?? '1' },
      ...{ fields: context.sentFields, caller: callerOf(context) },
    })
    return undefined
  }
  return explained(step, () => ({ why: 'It counts who calls, and with which fields.' }))
}

function callerOf(context: GatewayContext): UsageCaller {
  const { caller, credential, plan } = context
  const common = { tenant: caller.tenant, plan, keyId: undefined }
  if (!credential || isAnonymous(context)) return { ...common, kind: 'anonymous', caller: 'anonymous' }
  if (credential.kind === 'key') return { ...common, kind: 'key', caller: caller.sub, keyId: credential.id }
  if (credential.kind === 'authorizer') return { ...common, kind: 'authorizer', caller: credential.id }
  // A tenant has as many people as it likes; the application is what sends another request one day.
  return { ...common, kind: 'client', caller: caller.client ?? credential.id }
}
