import { assignVariant, CHECK_CORRELATION, CHECK_SHARE, VARIANT_HEADER } from '../../../protocol/index.ts'
import { type GatewayContext, isAnonymous, routeOf, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { byRunning } from '../explanation.ts'

/**
 * Says which variant of a function a caller gets while a canary of it runs: always the same for one caller, before anything stored is
 * looked for. Synthetic checks come from one caller, and go to both. A caller may choose by `Ebb-Variant` where the canary allows it; that is not counted, since it is not by chance.
 */
export function chooseVariant({ canaries }: Pick<GatewayDependencies, 'canaries'>): Step {
  const step: Step = function chooseVariant(context) {
    const { name, upstream } = routeOf(context)
    const canary = upstream ? undefined : canaries?.of(name)
    if (!canary) return undefined
    const asked = canary.byHeader ? context.request.headers[VARIANT_HEADER] : undefined
    const isAsked = asked === 'stable' || asked === 'canary'
    const isCheck = context.correlationId.startsWith(CHECK_CORRELATION)
    const key = isCheck ? context.correlationId : callerOf(context)
    context.variant = isAsked
      ? asked
      : assignVariant(name, key, isCheck && canary.share > 0 ? CHECK_SHARE : canary.share)
    context.variantKey = isAsked ? undefined : key
    context.responseHeaders[VARIANT_HEADER] = context.variant
    return undefined
  }
  return byRunning(step, ({ variant }) =>
    variant ? `While the canary runs, this caller gets the ${variant} revision.` : 'No canary of it runs.',
  )
}

/** Who has not said who it is, is known by its address. */
const callerOf = (context: GatewayContext): string =>
  isAnonymous(context) ? context.client.address : `${context.caller.tenant ?? ''}\n${context.caller.sub}`
