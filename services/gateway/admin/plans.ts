import { Problem } from 'ebb/contract'
import type { GatewayDependencies } from 'ebb/http/gateway'
import type pg from 'pg'
import * as store from '../../../src/data/tenant-plans.ts'
import { listPlans, listTenantPlans, setTenantPlan, unsetTenantPlan } from '../../../src/protocol/admin/plans.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface PlansOptions extends Pick<GatewayDependencies, 'contracts'> {
  readonly pool: pg.Pool
}

export const plansOperations = ({ pool, contracts }: PlansOptions): readonly AdminOperation[] => [
  operation(listPlans, async () => {
    const { plans = {} } = contracts()
    const holders = await store.countPlanHolders(pool)
    const names = [...new Set([...Object.keys(plans), ...Object.keys(holders)])]
    const listed = names.map((name) => ({
      ...{ name, isDeclared: Object.hasOwn(plans, name), ...plans[name] },
      holders: holders[name] ?? { tenants: 0, keys: 0 },
    }))
    return { plans: listed }
  }),
  operation(listTenantPlans, async ({ query }) => ({ tenants: await store.listTenantPlans(pool, query) })),
  operation(setTenantPlan, async ({ params: { tenant }, body: { plan } }, { actor }) => {
    requirePlan(contracts().plans, plan)
    const set = await store.setTenantPlan(pool, { tenant, plan, actor })
    if (!set) throw new Error('a plan that was set is not there')
    return set
  }),
  operation(unsetTenantPlan, async ({ params: { tenant } }, { actor }) => {
    await store.setTenantPlan(pool, { tenant, plan: undefined, actor })
    return undefined
  }),
]

/** Throws a Problem 400 where domain/plans.ts has no plan of this name. */
export function requirePlan(plans: ReturnType<PlansOptions['contracts']>['plans'] = {}, plan: string) {
  if (Object.hasOwn(plans, plan)) return
  const names = Object.keys(plans).join(', ') || 'none'
  const message = `domain/plans.ts has no plan ${plan}; it has ${names}.`
  throw new Problem('invalid_request', 400, message, { details: [{ path: 'body.plan', message }] })
}
