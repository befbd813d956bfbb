import { checkKeys, type Refuse } from './check-common.ts'
import { checkRate } from './check-rate.ts'
import { ContractError } from './contract-error.ts'

/**
 * What a plan gives to who has it. What is left out is not limited.
 * @example
 * const free: PlanShape = { rate: { requests: 10, perSeconds: 1 }, quota: { requests: 10_000, per: 'month' }, concurrency: 5 }
 */
export interface PlanShape {
  /** Over all endpoints: `requests` in `perSeconds` on average, `burst` at once (default: `requests`). */
  readonly rate?: { readonly requests: number; readonly perSeconds: number; readonly burst?: number }
  /** In a calendar day or month of `timeZone` (default: UTC). Counted in Postgres before a request is let through. */
  readonly quota?: { readonly requests: number; readonly per: 'day' | 'month'; readonly timeZone?: string }
  /** How many requests may be under way at a time. */
  readonly concurrency?: number
  /** What it costs: shown beside the usage, and charged by whatever reads that. */
  readonly price?: Price
}

/**
 * What a plan costs in each period, in units of its currency (ISO 4217), not in cents.
 * @example const price: Price = { amount: 29.5, currency: 'EUR', per: 'month' }
 */
export interface Price {
  /** At least 0. */
  readonly amount: number
  /** Three letters, such as `EUR`. */
  readonly currency: string
  /** How often it is due. */
  readonly per: 'month' | 'year'
}

/**
 * A plan with its defaults resolved: what {@link definePlans} returns, and the gateway reads.
 * @example const plan: Plan = { quota: { requests: 10_000, per: 'month', timeZone: 'UTC' } }
 */
export interface Plan {
  /** Over all endpoints. */
  readonly rate?: { readonly requests: number; readonly perSeconds: number; readonly burst: number }
  /** In a calendar day or month. */
  readonly quota?: Quota
  /** How many requests may be under way at a time. */
  readonly concurrency?: number
  /** What it costs. */
  readonly price?: Price
}

/**
 * So many requests in a calendar day or month of a time zone.
 * @example const quota: Quota = { requests: 10_000, per: 'month', timeZone: 'UTC' }
 */
export interface Quota {
  /** How many there may be. */
  readonly requests: number
  /** Which period it is of. */
  readonly per: 'day' | 'month'
  /** Whose calendar it is, by a name of the IANA database. */
  readonly timeZone: string
}

const PLAN_KEYS = ['rate', 'quota', 'concurrency', 'price']
const QUOTA_KEYS = ['requests', 'per', 'timeZone']
const PRICE_KEYS = ['amount', 'currency', 'per']
const MAX_QUOTA = 1_000_000_000_000
const MAX_CONCURRENCY = 1_000
const NAME = /^[a-z][a-z0-9-]{0,39}$/
/** Names of the IANA database, which Postgres reads in the same way; not offsets, whose sign it reads the other way round. */
const ZONE = /^[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)*$/

/**
 * Declares the plans of an API, in domain/plans.ts. A key or a tenant has one; whoever has none has the one called
 * `default`, where there is such a plan. Throws a {@link ContractError} for a plan that cannot be kept.
 * @example
 * export const plans = definePlans({
 *   default: { rate: { requests: 5, perSeconds: 1 }, quota: { requests: 1_000, per: 'day' } },
 *   pro: { rate: { requests: 100, perSeconds: 1 }, quota: { requests: 1_000_000, per: 'month' }, concurrency: 20,
 *          price: { amount: 29, currency: 'EUR', per: 'month' } },
 * })
 * @see docs/contracts.md
 */
export function definePlans<Name extends string>(
  shapes: Readonly<Record<Name, PlanShape>>,
): Readonly<Record<Name, Plan>> {
  const plans = Object.entries<PlanShape>(shapes).map(([name, shape]) => {
    checkPlan(name, shape)
    return [name, toPlan(shape)] as const
  })
  // The names are those of `shapes`, which Object.entries forgets.
  return Object.fromEntries(plans) as Readonly<Record<Name, Plan>>
}

const toPlan = ({ rate, quota, ...rest }: PlanShape): Plan => ({
  ...rest,
  ...(rate ? { rate: { ...rate, burst: rate.burst ?? rate.requests } } : {}),
  ...(quota ? { quota: { ...quota, timeZone: quota.timeZone ?? 'UTC' } } : {}),
})

function checkPlan(name: string, plan: PlanShape) {
  const refuse: Refuse = (broken, sentence) => {
    if (broken) throw new ContractError('?', `${name}: ${sentence}`, { file: 'domain/plans.ts' })
  }
  refuse(!NAME.test(name), 'a plan must be called by 1 to 40 of a-z, 0-9 and -, beginning with a letter')
  checkKeys(plan, PLAN_KEYS, refuse)
  if (plan.rate) checkRate('rate', plan.rate, refuse)
  if (plan.quota) checkQuota(plan.quota, refuse)
  const { concurrency } = plan
  refuse(
    concurrency !== undefined && !isWhole(concurrency, MAX_CONCURRENCY),
    `concurrency must be whole and from 1 to ${MAX_CONCURRENCY}`,
  )
  if (plan.price) checkPrice(plan.price, refuse)
}

function checkQuota(quota: NonNullable<PlanShape['quota']>, refuse: Refuse) {
  checkKeys(quota, QUOTA_KEYS, refuse)
  const { requests, per, timeZone = 'UTC' } = quota
  refuse(!isWhole(requests, MAX_QUOTA), `quota.requests must be whole and from 1 to ${MAX_QUOTA}`)
  refuse(per !== 'day' && per !== 'month', 'quota.per must be `day` or `month`; for a shorter time, use `rate`')
  refuse(!isTimeZone(timeZone), `quota.timeZone "${timeZone}" must be a name such as Europe/Berlin`)
}

function checkPrice(price: Price, refuse: Refuse) {
  checkKeys(price, PRICE_KEYS, refuse)
  const { amount, currency, per } = price
  refuse(!(Number.isFinite(amount) && amount >= 0), 'price.amount must be a number of at least 0')
  refuse(!/^[A-Z]{3}$/.test(currency), 'price.currency must be a code of ISO 4217, such as EUR')
  refuse(per !== 'month' && per !== 'year', 'price.per must be `month` or `year`')
}

const isWhole = (n: number, max: number) => Number.isInteger(n) && n >= 1 && n <= max

function isTimeZone(name: string): boolean {
  if (!ZONE.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}
