import type { Plan } from '../../contract/index.ts'
import { type Charge, holderOf } from '../../kernel/index.ts'
import { callerIdOf } from '../../protocol/index.ts'
import { oncePerSecond } from '../throttle-log.ts'
import type { Meter } from './admission.ts'
import { type GatewayContext, isAnonymous } from './context.ts'
import type { GatewayDependencies } from './dependencies.ts'

/** The plan of a request's caller, and what its requests are counted against. */
export interface AppliedPlan {
  readonly plan: Plan
  readonly charge: Charge
  readonly meter: Meter
}

/** The plan of whoever has none of its own. */
const DEFAULT = 'default'

/**
 * Finds the plan of a request: what its key or token names, else what its tenant has, else the one called `default`. A name
 * that domain/plans.ts does not have counts as none, and is logged as an error. Anonymous callers have no plan.
 */
export function createPlanFinder(plans: GatewayDependencies['plans'], log: GatewayDependencies['log']) {
  const reportUnknown = oncePerSecond((times: number, plan: string, caller: string) =>
    log.error({ plan, caller, times }, 'domain/plans.ts does not have the plan of a caller; `default` applies'),
  )
  return function findPlan(context: GatewayContext): AppliedPlan | undefined | Promise<AppliedPlan | undefined> {
    const declared = context.contracts?.plans
    if (!plans || !declared || isAnonymous(context) || isEmpty(declared)) return undefined
    const { caller, credential, plan: own } = context
    const callerId = callerIdOf(caller)
    const apply = (name: string | undefined, holder: string): AppliedPlan | undefined => {
      const known = name !== undefined && Object.hasOwn(declared, name)
      if (name !== undefined && !known) reportUnknown(name, callerId)
      const [applied, ofHolder] = known ? [name, holder] : [DEFAULT, holderOf({ callerId })]
      const plan = Object.hasOwn(declared, applied) ? declared[applied] : undefined
      if (!plan) return undefined
      const keyId = credential?.kind === 'key' ? credential.id : undefined
      const { tenant, sub: subject } = caller
      const charge = { holder: ofHolder, plan: applied, quota: plan.quota, tenant, subject, keyId }
      return { plan, charge, meter: plans.meter }
    }
    const { tenant } = caller
    if (own !== undefined || tenant === undefined) return apply(own, holderOf({ callerId }))
    const found = plans.ofTenant(tenant)
    const applyTenants = (name: string | undefined) => apply(name, holderOf({ tenant }))
    return found instanceof Promise ? found.then(applyTenants) : applyTenants(found)
  }
}

const isEmpty = (plans: object): boolean => {
  for (const _name in plans) return false
  return true
}
