import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { pageSize, Tenant, Time } from './admin-schemas.ts'

const Rate = z.object({ requests: z.int(), perSeconds: z.int(), burst: z.int() })
const Quota = z.object({ requests: z.int(), per: z.enum(['day', 'month']), timeZone: z.string() })
const Price = z.object({ amount: z.number(), currency: z.string(), per: z.enum(['month', 'year']) })
const Params = z.object({ tenant: Tenant })

export const listPlans = adminEndpoint({
  ...{ name: 'plans.list', method: 'GET', path: '/v1/plans' },
  summary: 'List the plans of domain/plans.ts, and how many tenants and keys have each.',
  reply: {
    status: 200,
    body: z.object({
      plans: z.array(
        z.object({
          name: z.string(),
          isDeclared: z.boolean().describe('Whether domain/plans.ts has it.'),
          rate: Rate.optional(),
          quota: Quota.optional(),
          concurrency: z.int().optional(),
          price: Price.optional(),
          holders: z.object({ tenants: z.int(), keys: z.int() }),
        }),
      ),
    }),
  },
})

const TenantPlan = z.object({ tenant: z.string(), plan: z.string(), setAt: Time })

export const listTenantPlans = adminEndpoint({
  ...{ name: 'plans.tenants', method: 'GET', path: '/v1/plans/tenants' },
  summary: 'List the tenants that have a plan of their own, by name.',
  query: z.strictObject({
    plan: z.string().optional(),
    limit: pageSize(500),
    after: Tenant.optional().describe('The last tenant of the page before.'),
  }),
  reply: { status: 200, body: z.object({ tenants: z.array(TenantPlan) }) },
})

export const setTenantPlan = adminEndpoint({
  ...{ name: 'plans.set', method: 'PUT', path: '/v1/plans/tenants/{tenant}', params: Params },
  summary: 'Give a tenant a plan: it holds for its next request.',
  body: z.strictObject({ plan: z.string() }),
  reply: { status: 200, body: TenantPlan },
  change: 'plan.set',
})

export const unsetTenantPlan = adminEndpoint({
  ...{ name: 'plans.unset', method: 'DELETE', path: '/v1/plans/tenants/{tenant}', params: Params },
  summary: 'Take the plan of a tenant away.',
  reply: { status: 204 },
  change: 'plan.unset',
})
