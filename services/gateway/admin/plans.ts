import { Problem } from 'ebb/contract'
import type { GatewayDependencies } from 'ebb/http/gateway'
import express, { Router } from 'express'
import type pg from 'pg'
import * as z from 'zod'
import { countPlanHolders, listTenantPlans, setTenantPlan } from '../../../src/data/tenant-plans.ts'
import { parseInput } from './parse-input.ts'

export interface PlansOptions extends Pick<GatewayDependencies, 'contracts'> {
  readonly pool: pg.Pool
}

const ACTOR = 'admin'
const Tenant = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'Must be 1 to 63 of letters, digits and . _ -, and not begin with those')
const Params = z.object({ tenant: Tenant })
const NewPlan = z.strictObject({ plan: z.string() })
const ListQuery = z.strictObject({
  plan: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  after: Tenant.optional(),
})

/**
 * GET /v1/plans lists the plans of domain/plans.ts, and how many tenants and keys have each; GET /v1/plans/tenants the
 * tenants that have one; PUT and DELETE /v1/plans/tenants/{tenant} set one, and take it away.
 */
export function createPlansRouter({ pool, contracts }: PlansOptions): Router {
  const router = Router()
  router.get('/', async (_request, response) => {
    const { plans = {} } = contracts()
    const holders = await countPlanHolders(pool)
    const names = [...new Set([...Object.keys(plans), ...Object.keys(holders)])]
    const listed = names.map((name) => ({
      ...{ name, isDeclared: Object.hasOwn(plans, name), ...plans[name] },
      holders: holders[name] ?? { tenants: 0, keys: 0 },
    }))
    response.json({ plans: listed })
  })
  router.get('/tenants', async (request, response) => {
    response.json({ tenants: await listTenantPlans(pool, parseInput(ListQuery, request.query, 'query')) })
  })
  router.put('/tenants/:tenant', express.json({ limit: '16kb' }), async (request, response) => {
    const { tenant } = parseInput(Params, request.params, 'params')
    const { plan } = parseInput(NewPlan, request.body, 'body')
    requirePlan(contracts().plans, plan)
    response.json(await setTenantPlan(pool, { tenant, plan, actor: ACTOR }))
  })
  router.delete('/tenants/:tenant', async (request, response) => {
    const { tenant } = parseInput(Params, request.params, 'params')
    await setTenantPlan(pool, { tenant, plan: undefined, actor: ACTOR })
    response.status(204).end()
  })
  return router
}

/** Throws a Problem 400 where domain/plans.ts has no plan of this name. */
export function requirePlan(plans: ReturnType<PlansOptions['contracts']>['plans'] = {}, plan: string) {
  if (Object.hasOwn(plans, plan)) return
  const names = Object.keys(plans).join(', ') || 'none'
  const message = `domain/plans.ts has no plan ${plan}; it has ${names}.`
  throw new Problem('invalid_request', 400, message, { details: [{ path: 'body.plan', message }] })
}
