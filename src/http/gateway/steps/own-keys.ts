import { type EndpointShape, type Input, Problem, type Route } from '../../../contract/index.ts'
import {
  createOwnKey,
  DEFAULT_KEY_DAYS,
  listOwnKeys,
  revokeOwnKey,
  rotateOwnKey,
} from '../../../protocol/own-key-endpoints.ts'
import { claimToResponse } from '../../idempotency.ts'
import type { GatewayContext, Outcome, Step } from '../context.ts'
import type { ClaimedKey, GatewayDependencies, OwnKeys } from '../dependencies.ts'
import { isOwnKeyRoute, ownKeyRoute } from '../own-routes.ts'
import { claimOf } from './replay.ts'

/** Refuses whoever manages keys by anything but a login: a key that leaked must not be able to make others. */
export function requireLogin(): Step {
  return function requireLogin({ route, credential }) {
    return isOwnKeyRoute(route) && credential?.kind !== 'token' ? LOGIN_REQUIRED : undefined
  }
}

const LOGIN_REQUIRED = new Problem(
  'forbidden',
  403,
  'Keys are managed by a login: send an access token as Authorization: Bearer, and not an API key.',
)

type Operation = (context: GatewayContext, keys: OwnKeys) => Promise<Outcome>

/** Answers the requests by which callers manage their own keys. */
export function ownKeys({ ownKeys: keys }: Pick<GatewayDependencies, 'ownKeys'>): Step {
  return async function ownKeys(context) {
    const operation = context.route && OPERATIONS.get(context.route)
    return operation && keys ? operation(context, keys) : undefined
  }
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

const OPERATIONS: ReadonlyMap<Route, Operation> = new Map([
  [ownKeyRoute(listOwnKeys), list],
  [ownKeyRoute(createOwnKey), create],
  [ownKeyRoute(rotateOwnKey), rotate],
  [ownKeyRoute(revokeOwnKey), revoke],
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
