import { type EndpointShape, type Input, Problem, type Route } from '../../../contract/index.ts'
import {
  createOwnKey,
  DEFAULT_KEY_DAYS,
  listOwnKeys,
  revokeOwnKey,
  rotateOwnKey,
  showKeyUsage,
  showUsage,
} from '../../../protocol/own-key-endpoints.ts'
import { claimToResponse } from '../../idempotency.ts'
import { invalidRequest } from '../../request-problems.ts'
import type { GatewayContext, Outcome, Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { byRunning, explained } from '../explanation.ts'
import type { ClaimedKey, OwnKeys } from '../own-keys.ts'
import { needsLogin, ownRoute } from '../own-routes.ts'
import { type AppliedPlan, createPlanFinder } from '../plan-of.ts'
import { claimOf } from './replay.ts'

/** Refuses whoever manages keys by anything but a login: a key that leaked must not be able to make others. */
export function requireLogin(): Step {
  const step: Step = function requireLogin({ route, credential }) {
    return needsLogin(route) && credential?.kind !== 'token' ? LOGIN_REQUIRED : undefined
  }
  return byRunning(step, () => 'The route may be called without a login, or it comes with one.')
}

const LOGIN_REQUIRED = new Problem(
  'forbidden',
  403,
  'Keys are managed by a login: send an access token as Authorization: Bearer, and not an API key.',
)

type Operation = (context: GatewayContext, keys: OwnKeys) => Promise<Outcome>

/** Answers the requests by which callers manage their own keys, and see what they have used. */
export function ownKeys({ ownKeys: keys, plans, log }: Pick<GatewayDependencies, 'ownKeys' | 'plans' | 'log'>): Step {
  const findPlan = createPlanFinder(plans, log)
  const answerUsage = async (context: GatewayContext, keys: OwnKeys) => usage(context, keys, await findPlan(context))
  const step: Step = function ownKeys(context) {
    if (!keys) return undefined
    if (context.route === USAGE) return answerUsage(context, keys)
    const operation = context.route && OPERATIONS.get(context.route)
    return operation?.(context, keys)
  }
  return explained(step, ({ route }) =>
    route === USAGE || (route && OPERATIONS.has(route))
      ? { outcome: 'unknown', why: "The gateway itself answers about what is the caller's own." }
      : { why: "It is not about the caller's own keys or usage." },
  )
}

const list: Operation = async (context, keys) => {
  const { query } = inputOf<typeof listOwnKeys>(context)
  const { limit, before } = query
  // One more than asked for shows whether there is another page.
  const found = await keys.list(context.caller, { before, limit: limit + 1 })
  const page = found.slice(0, limit)
  return jsonReply(200, { keys: page, ...(found.length > limit ? { next: page.at(-1)?.id } : {}) })
}

const create: Operation = async (context, keys) => {
  const { body } = inputOf<typeof createOwnKey>(context)
  const { name, scopes, roles, expiresAt = inDays(DEFAULT_KEY_DAYS) } = body
  refuseMore(context, { scopes, roles })
  const grant = {
    name,
    scopes: [...new Set(scopes)],
    roles: [...new Set(roles)],
    expiresAt,
    plan: context.plan ?? null,
  }
  return toOutcome(await keys.create(context.caller, grant, requireClaim(context)))
}

const rotate: Operation = async (context, keys) => {
  const { params, body } = inputOf<typeof rotateOwnKey>(context)
  const check = (old: { scopes: readonly string[]; roles: readonly string[] }) => refuseMore(context, old)
  return toOutcome(await keys.rotate(context.caller, params.id, { ...body, check, claim: requireClaim(context) }))
}

const revoke: Operation = async (context, keys) => {
  const { params } = inputOf<typeof revokeOwnKey>(context)
  await keys.revoke(context.caller, params.id)
  return { status: 204, headers: {}, body: '' }
}

const keyUsage: Operation = async (context, keys) => {
  const { params, query } = inputOf<typeof showKeyUsage>(context)
  const period = periodOf(query)
  const days = await keys.keyUsage(context.caller, params.id, period)
  return jsonReply(200, { ...period, days })
}

async function usage(context: GatewayContext, keys: OwnKeys, applied: AppliedPlan | undefined): Promise<Outcome> {
  const period = periodOf(inputOf<typeof showUsage>(context).query)
  const { charge, plan } = applied ?? {}
  const quota = charge && plan?.quota && { holder: charge.holder, ...plan.quota }
  const { days, used } = await keys.usage(context.caller, period, quota)
  const ofQuota = quota ? { per: quota.per, requests: quota.requests, used: used ?? 0 } : null
  return jsonReply(200, { plan: charge?.plan ?? null, quota: ofQuota, ...period, days })
}

const MAX_DAYS = 366

/** Days of UTC, both counted in. */
function periodOf({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }) {
  const today = new Date().toISOString().slice(0, 10)
  const period = { from: from ?? `${(to ?? today).slice(0, 8)}01`, to: to ?? today }
  const days = (Date.parse(period.to) - Date.parse(period.from)) / 86_400_000 + 1
  if (days >= 1 && days <= MAX_DAYS) return period
  throw invalidRequest([{ path: 'query.from', message: `Must be before \`to\`, by ${MAX_DAYS} days at most` }])
}

const USAGE = ownRoute(showUsage)
const OPERATIONS: ReadonlyMap<Route, Operation> = new Map([
  [ownRoute(listOwnKeys), list],
  [ownRoute(createOwnKey), create],
  [ownRoute(rotateOwnKey), rotate],
  [ownRoute(revokeOwnKey), revoke],
  [ownRoute(showKeyUsage), keyUsage],
])

// `validate` has made it by this very contract.
const inputOf = <C extends EndpointShape>({ input }: GatewayContext) => input as Input<C>

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

/** Refuses a key that could do what the login which makes it cannot. */
function refuseMore(
  { caller }: GatewayContext,
  { scopes, roles }: { readonly scopes: readonly string[]; readonly roles: readonly string[] },
) {
  const missing = [
    ...scopes.filter((scope) => !caller.scopes.includes(scope)).map((scope) => `the scope ${scope}`),
    ...roles.filter((role) => !caller.roles?.includes(role)).map((role) => `the role ${role}`),
  ]
  if (missing.length === 0) return
  throw new Problem('forbidden', 403, `Your login lacks ${missing.join(' and ')}, and a key of yours may do no more.`)
}

/** `validate` has seen to it that there is an Idempotency-Key. */
function requireClaim(context: GatewayContext) {
  const claim = claimOf(context)
  if (!claim) throw new Error('this step must come after `validate`')
  return claim
}

function toOutcome(made: ClaimedKey): Outcome {
  if (made.status === 'new' || made.status === 'finished') {
    const { key, token, status } = made
    return jsonReply(201, { key, token }, status === 'finished' ? { 'idempotency-replayed': 'true' } : {})
  }
  // Another request's claim is always refused.
  return claimToResponse({ status: made.status }) as Problem
}

const jsonReply = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})
