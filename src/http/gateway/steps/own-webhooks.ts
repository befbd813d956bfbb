import type { EndpointShape, Input, Problem, Route, WebhookEvent } from '../../../contract/index.ts'
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  getWebhookDelivery,
  listWebhookDeliveries,
  listWebhooks,
  pauseWebhook,
  redeliverWebhook,
  resumeWebhook,
  rotateWebhookSecret,
  testWebhook,
  updateWebhook,
} from '../../../protocol/webhook-endpoints.ts'
import { claimToResponse } from '../../idempotency.ts'
import { invalidRequest } from '../../request-problems.ts'
import type { GatewayContext, Outcome, Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { explained } from '../explanation.ts'
import { ownRoute } from '../own-routes.ts'
import type { ClaimedWebhook, OwnWebhooks } from '../own-webhooks.ts'
import { claimOf } from './replay.ts'

type Operation = (context: GatewayContext, webhooks: OwnWebhooks) => Promise<Outcome>

/** Answers the requests by which customers manage their webhooks. */
export function ownWebhooks({ webhooks }: Pick<GatewayDependencies, 'webhooks'>): Step {
  const step: Step = function ownWebhooks(context) {
    const operation = context.route && OPERATIONS.get(context.route)
    return webhooks && operation?.(context, webhooks)
  }
  return explained(step, ({ route }) =>
    route && OPERATIONS.has(route)
      ? { outcome: 'unknown', why: "The gateway itself answers about the caller's own webhooks." }
      : { why: "It is not about the caller's own webhooks." },
  )
}

const list: Operation = async (context, webhooks) => {
  const eventTypes = subscribableBy(context).map(({ type, summary }) => ({ type, ...(summary ? { summary } : {}) }))
  return jsonReply(200, { webhooks: await webhooks.list(context.caller), eventTypes })
}

const create: Operation = async (context, webhooks) => {
  const { body } = inputOf<typeof createWebhook>(context)
  requireTypes(context, body.events)
  return toOutcome(201, await webhooks.create(context.caller, body, requireClaim(context)))
}

const get: Operation = async (context, webhooks) =>
  jsonReply(200, await webhooks.get(context.caller, inputOf<typeof getWebhook>(context).params.id))

const update: Operation = async (context, webhooks) => {
  const { params, body } = inputOf<typeof updateWebhook>(context)
  if (body.events) requireTypes(context, body.events)
  return jsonReply(200, await webhooks.update(context.caller, params.id, body))
}

const remove: Operation = async (context, webhooks) => {
  await webhooks.remove(context.caller, inputOf<typeof deleteWebhook>(context).params.id)
  return { status: 204, headers: {}, body: '' }
}

const setState =
  (state: 'active' | 'paused'): Operation =>
  async (context, webhooks) => {
    const { id } = inputOf<typeof pauseWebhook>(context).params
    return jsonReply(200, await webhooks.setState(context.caller, id, state))
  }

const rotate: Operation = async (context, webhooks) => {
  const { params, body } = inputOf<typeof rotateWebhookSecret>(context)
  const options = { ...body, claim: requireClaim(context) }
  return toOutcome(200, await webhooks.rotate(context.caller, params.id, options))
}

const test: Operation = async (context, webhooks) =>
  jsonReply(202, await webhooks.test(context.caller, inputOf<typeof testWebhook>(context).params.id, context))

const deliveries: Operation = async (context, webhooks) => {
  const { params, query } = inputOf<typeof listWebhookDeliveries>(context)
  // One more than asked for shows whether there is another page.
  const found = await webhooks.deliveries(context.caller, params.id, { ...query, limit: query.limit + 1 })
  const page = found.slice(0, query.limit)
  return jsonReply(200, { deliveries: page, ...(found.length > query.limit ? { next: page.at(-1)?.id } : {}) })
}

const delivery: Operation = async (context, webhooks) => {
  const { params } = inputOf<typeof getWebhookDelivery>(context)
  return jsonReply(200, await webhooks.delivery(context.caller, params.id, params.delivery))
}

const redeliver: Operation = async (context, webhooks) => {
  const { params } = inputOf<typeof redeliverWebhook>(context)
  return jsonReply(202, await webhooks.redeliver(context.caller, params.id, params.delivery))
}

const OPERATIONS: ReadonlyMap<Route, Operation> = new Map([
  [ownRoute(listWebhooks), list],
  [ownRoute(createWebhook), create],
  [ownRoute(getWebhook), get],
  [ownRoute(updateWebhook), update],
  [ownRoute(deleteWebhook), remove],
  [ownRoute(pauseWebhook), setState('paused')],
  [ownRoute(resumeWebhook), setState('active')],
  [ownRoute(rotateWebhookSecret), rotate],
  [ownRoute(testWebhook), test],
  [ownRoute(listWebhookDeliveries), deliveries],
  [ownRoute(getWebhookDelivery), delivery],
  [ownRoute(redeliverWebhook), redeliver],
])

// `validate` has made it by this very contract.
const inputOf = <C extends EndpointShape>({ input }: GatewayContext) => input as Input<C>

/** The events that this caller may subscribe to. */
const subscribableBy = ({ contracts, caller }: GatewayContext): readonly WebhookEvent[] =>
  (contracts?.webhookEvents ?? []).filter(
    ({ owner, scopes }) =>
      (owner !== undefined || caller.tenant !== undefined) && scopes.every((scope) => caller.scopes.includes(scope)),
  )

/** Refuses types that this caller may not subscribe to as those that there are not. */
function requireTypes(context: GatewayContext, types: readonly string[]) {
  const known = subscribableBy(context).map(({ type }) => type)
  const issues = types.flatMap((type, i) =>
    known.includes(type)
      ? []
      : [
          {
            path: `body.events.${i}`,
            message: `Must be one of ${known.join(', ') || 'none: there is nothing for you'}`,
          },
        ],
  )
  if (issues.length > 0) throw invalidRequest(issues)
}

/** `validate` has seen to it that there is an Idempotency-Key. */
function requireClaim(context: GatewayContext) {
  const claim = claimOf(context)
  if (!claim) throw new Error('this step must come after `validate`')
  return claim
}

function toOutcome(status: number, made: ClaimedWebhook): Outcome {
  if (made.status === 'new' || made.status === 'finished')
    return jsonReply(status, made.webhook, made.status === 'finished' ? { 'idempotency-replayed': 'true' } : {})
  // Another request's claim is always refused.
  return claimToResponse({ status: made.status }) as Problem
}

const jsonReply = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})
