import type { TenantPlan } from '../data/tenant-plans.ts'
import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import * as endpoints from '../protocol/admin/plans.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { type Form, form } from './form.ts'

const TENANT = { value: 'TENANT', required: true, description: 'The tenant, as keys and tokens name it.' } as const

export const plansCommand: readonly Form[] = [
  form({
    word: 'list',
    description: 'List the plans of domain/plans.ts, and how many tenants and keys have each.',
    options: ADMIN_OPTIONS,
    examples: ['plans list'],
    run: (project, options) => listPlans(project, options),
  }),
  form({
    word: 'tenants',
    description: 'List the tenants that have a plan.',
    options: {
      plan: { value: 'PLAN', description: 'Only those that have this plan.' },
      after: { value: 'TENANT', description: 'Only those after this one, by name.' },
      limit: { value: 'N', description: 'At most this many, up to 500. Default: 50.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['plans tenants --plan pro'],
    run: (project, options) => listTenants(project, options),
  }),
  form({
    word: 'set',
    description: 'Give a tenant a plan: it holds for its next request.',
    arguments: { tenant: TENANT, plan: { value: 'PLAN', required: true, description: 'A plan of domain/plans.ts.' } },
    options: ADMIN_OPTIONS,
    examples: ['plans set acme pro'],
    run: (project, { tenant, plan, ...options }) => setPlan(project, { tenant, plan }, options),
  }),
  form({
    word: 'unset',
    description: 'Take the plan of a tenant away: it has the one called default again, if there is one.',
    arguments: { tenant: TENANT },
    options: ADMIN_OPTIONS,
    examples: ['plans unset acme'],
    run: (project, { tenant, ...options }) => unsetPlan(project, tenant, options),
  }),
]

type ListedPlan = AdminOutput<typeof endpoints.listPlans>['plans'][number]

async function listPlans(project: string, options: AdminOptions) {
  const listed = await callAdmin(project, endpoints.listPlans, {}, options)
  printResult(listed, ({ plans }) => (plans.length > 0 ? table([HEADER, ...plans.map(planRow)]) : NO_PLANS), options)
}

const HEADER = ['PLAN', 'RATE', 'QUOTA', 'AT A TIME', 'PRICE', 'TENANTS', 'KEYS']
const NO_PLANS = ['No plans; domain/plans.ts declares them.']

const planRow = ({ name, isDeclared, rate, quota, concurrency, price, holders }: ListedPlan) => [
  isDeclared ? name : `${name} (not declared)`,
  rate ? `${rate.requests} in ${rate.perSeconds} s, ${rate.burst} at once` : '-',
  quota ? `${quota.requests} a ${quota.per}` : '-',
  concurrency === undefined ? '-' : String(concurrency),
  price ? `${price.amount} ${price.currency} a ${price.per}` : '-',
  ...[String(holders.tenants), String(holders.keys)],
]

interface TenantsOptions extends AdminOptions {
  readonly plan?: string | undefined
  readonly after?: string | undefined
  readonly limit?: string | undefined
}

async function listTenants(project: string, options: TenantsOptions) {
  const { plan, after, limit } = options
  const listed = await callAdmin(project, endpoints.listTenantPlans, { query: { plan, after, limit } }, options)
  const rows = listed.tenants.map(({ tenant, plan, setAt }) => [tenant, plan, setAt])
  printResult(
    listed,
    () => (rows.length > 0 ? table([['TENANT', 'PLAN', 'SINCE'], ...rows]) : ['No tenants.']),
    options,
  )
}

async function setPlan(project: string, { tenant, plan }: Pick<TenantPlan, 'tenant' | 'plan'>, options: AdminOptions) {
  const set = await callAdmin(project, endpoints.setTenantPlan, { params: { tenant }, body: { plan } }, options)
  printResult(set, () => [`${tenant} has the plan ${plan}`], options)
}

async function unsetPlan(project: string, tenant: string, options: AdminOptions) {
  await callAdmin(project, endpoints.unsetTenantPlan, { params: { tenant } }, options)
  printResult({ tenant, plan: null }, () => [`${tenant} has no plan of its own`], options)
}
