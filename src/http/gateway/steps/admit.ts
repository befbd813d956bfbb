import { holderOf } from '../../../kernel/index.ts'
import { callerIdOf } from '../../../protocol/index.ts'
import type { Admission } from '../admission.ts'
import { clientNetwork } from '../client-info.ts'
import { type GatewayContext, isAnonymous, routeOf, type Step, whenOver } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { ending, explained } from '../explanation.ts'
import { isPlatformRoute } from '../own-routes.ts'
import { type AppliedPlan, createPlanFinder } from '../plan-of.ts'
import {
  concurrencyPolicy,
  describePolicies,
  type Policy,
  quotaPolicy,
  ratePolicy,
  refusalOf,
} from '../rate-limit-policies.ts'

/**
 * Admits a request by its route's limit (per caller, or per address where it is anonymous), and by the rate, the
 * concurrency and the quota of its caller's plan: 429 beyond any of them, and then none has counted it. Every response from
 * here on says what remains. What is refused later, as by the contract's schemas, stays counted; of a plan only what the
 * platform itself failed to pass on does not.
 */
export function admit({
  limiter,
  plans,
  metrics,
  log,
}: Pick<GatewayDependencies, 'limiter' | 'plans' | 'metrics' | 'log'>): Step {
  const findPlan = createPlanFinder(plans, log)

  function decide(context: GatewayContext, applied: AppliedPlan | undefined): Policies | Promise<Policies> {
    const { meter, charge, plan } = applied ?? {}
    const spent = plan?.quota && charge && meter?.findRefusal(charge)
    if (plan?.quota && spent) return [quotaPolicy(plan.quota, spent)]
    const counted = whatCounts(context, applied)
    const admission = counted.rates.length > 0 || counted.slots ? limiter(counted) : UNLIMITED
    return admission instanceof Promise
      ? admission.then((decided) => count(context, applied, { ...counted, admission: decided }))
      : count(context, applied, { ...counted, admission })
  }

  function count(
    context: GatewayContext,
    applied: AppliedPlan | undefined,
    { rates, slots, admission }: ReturnType<typeof whatCounts> & { readonly admission: Admission },
  ): Policies | Promise<Policies> {
    const { meter, charge, plan } = applied ?? {}
    const policies = rates.map(({ name, limit }, i) => ratePolicy(name, limit, admission.rates[i]))
    if (slots) policies.push(concurrencyPolicy(slots.max, admission.slots))
    if (!admission.allowed) return policies
    if (slots) whenOver(context, admission.release)
    if (!meter || !charge) return policies
    const giveBackIfNotPassedOn = (status: number) => {
      if (!context.invoked && status >= 500) meter.giveBack(charge)
    }
    if (!plan?.quota) {
      meter.count(charge, 'requests')
      whenOver(context, giveBackIfNotPassedOn)
      return policies
    }
    const { quota } = plan
    return meter.take(charge).then(
      (taken) => {
        if (!taken.allowed) admission.undo()
        else if (context.signal.aborted) meter.giveBack(charge)
        else whenOver(context, giveBackIfNotPassedOn)
        return [...policies, quotaPolicy(quota, taken)]
      },
      (error: unknown) => {
        admission.undo()
        throw error
      },
    )
  }

  function apply(context: GatewayContext, applied: AppliedPlan | undefined) {
    context.appliedPlan = applied?.charge.plan
    if (!applied && !routeOf(context).limit) return undefined
    const policies = decide(context, applied)
    return policies instanceof Promise
      ? policies.then((decided) => answer(context, applied, decided))
      : answer(context, applied, policies)
  }

  function answer(context: GatewayContext, applied: AppliedPlan | undefined, policies: Policies) {
    describePolicies(policies, context.responseHeaders)
    const refusal = refusalOf(policies)
    if (refusal?.policy !== undefined) metrics.refused(refusal.policy)
    if (refusal && applied) applied.meter.count(applied.charge, 'refused')
    return refusal
  }

  const step: Step = function admit(context) {
    // Whoever has used a quota up can still look at it, and revoke a key.
    const found = isPlatformRoute(context.route) ? undefined : findPlan(context)
    return found instanceof Promise ? found.then((applied) => apply(context, applied)) : apply(context, found)
  }
  return explained(step, async (context) => {
    const applied = isPlatformRoute(context.route) ? undefined : await findPlan(context)
    const policies = await peek(context, applied)
    if (policies.length === 0) return { why: 'The route has no limit, and its caller no plan that limits it.' }
    describePolicies(policies, context.responseHeaders)
    const refusal = refusalOf(policies)
    const facts = {
      ...(applied ? { plan: applied.charge.plan, holder: applied.charge.holder } : {}),
      ...whatCounts(context, applied),
      policies,
    }
    if (refusal) return { ...ending(refusal), facts }
    return { why: `It would be counted: ${policies.map(remainder).join('; ')}.`, facts }
  })

  async function peek(context: GatewayContext, applied: AppliedPlan | undefined): Promise<readonly Policy[]> {
    const { meter, charge, plan } = applied ?? {}
    const { rates, slots } = whatCounts(context, applied)
    const admission = rates.length > 0 || slots ? await limiter({ rates, slots, peek: true }) : UNLIMITED
    const policies = rates.map(({ name, limit }, i) => ratePolicy(name, limit, admission.rates[i]))
    if (slots) policies.push(concurrencyPolicy(slots.max, admission.slots))
    if (!plan?.quota || !charge) return policies
    const used = await meter?.readUsed?.(charge)
    const remaining = Math.max(0, plan.quota.requests - (used ?? 0))
    const decision = meter?.findRefusal(charge) ?? { allowed: remaining > 0, remaining, waitSeconds: 1 }
    return [...policies, quotaPolicy(plan.quota, decision)]
  }
}

const remainder = ({ name, parameters, remaining }: Policy) => `${name} (${parameters}) has ${remaining} left`

type Policies = readonly Policy[]

const UNLIMITED: Admission = { allowed: true, rates: [], release: () => {}, undo: () => {} }

/** The keys are unambiguous: neither the name of a route nor an address has a space, and no route is called `*plan`. */
function whatCounts(context: GatewayContext, applied: AppliedPlan | undefined) {
  const { name, limit } = routeOf(context)
  const { rate, concurrency } = applied?.plan ?? {}
  const holder = applied?.charge.holder ?? ''
  const rates = [
    ...(limit ? [{ name: 'burst', key: `${name} ${subjectOf(context)}`, limit }] : []),
    ...(rate ? [{ name: 'rate', key: `*plan ${holder}`, limit: rate }] : []),
  ]
  return { rates, slots: concurrency === undefined ? undefined : { key: holder, max: concurrency } }
}

const subjectOf = (context: GatewayContext): string =>
  isAnonymous(context)
    ? `address ${clientNetwork(context.client.address)}`
    : holderOf({ callerId: callerIdOf(context.caller) })
