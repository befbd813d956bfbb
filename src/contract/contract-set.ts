import { type AnyContract, isReceiver } from './any-contract.ts'
import { checkVersions } from './check-versions.ts'
import { ContractError } from './contract-error.ts'
import { requireSuccessors } from './deprecation.ts'
import { describeAuthorizer, describeEndpoint, describeSubscriber } from './describe.ts'
import { describeProxy, methodsOf } from './describe-proxy.ts'
import { describeReceive } from './describe-receive.ts'
import { describeSyntheticCheck } from './describe-synthetic-check.ts'
import type { Authorizer, Described, Route, Subscription } from './described.ts'
import { optionalFieldsOf } from './optional-fields.ts'
import type { Plan } from './plans.ts'
import type { PriceSheet } from './prices.ts'
import { createReplyChecks, type ReplyChecks } from './reply-checks.ts'
import { resolveCalls } from './resolve-calls.ts'
import type { ToolDescription } from './tool.ts'
import {
  createEventValidator,
  createValidator,
  type EventValidationResult,
  type RawInput,
  type ValidateEvent,
  type ValidationResult,
} from './validate.ts'
import { type WebhookEvent, webhookEventsOf } from './webhook-events.ts'

/** All contracts of one Ebb as gateway and relay see them: data, and the validation of requests and events. */
export interface ContractSet {
  readonly routes: readonly Route[]
  readonly subscriptions: readonly Subscription[]
  readonly authorizers: readonly Authorizer[]
  /** The endpoints that only other functions call; undefined in a bundle of before there were such. */
  readonly internals?: readonly Route[]
  readonly openapi: unknown
  /** The events as an AsyncAPI document; undefined in a bundle of before there was one. */
  readonly asyncapi?: unknown
  /** The plans of domain/plans.ts; none in a bundle of before there were plans. */
  readonly plans?: Readonly<Record<string, Plan>>
  /** The prices of domain/prices.ts; undefined where there is no such file. */
  readonly prices?: PriceSheet | undefined
  /** The endpoints that agents may call, by name; none in a bundle of before there were tools. */
  readonly tools?: readonly ToolDescription[]
  /** The events that customers may subscribe to by webhooks; none in a bundle of before there were any. */
  readonly webhookEvents?: readonly WebhookEvent[]
  /** Of each endpoint, what its callers may leave out; undefined in a bundle of before it was counted. */
  readonly endpointFields?: Readonly<Record<string, EndpointFields>>
  /** All of them as data, to be compared with others; undefined in a bundle of before there was that. */
  readonly data?: (() => unknown) | undefined
  /** Compares the answers of an endpoint with its contract; undefined in a bundle of before there were canaries. */
  readonly replyChecks?: ((name: string) => ReplyChecks | undefined) | undefined
  /** Validates a request to the endpoint of that name. */
  validate(name: string, raw: RawInput): ValidationResult
  /** Validates an event's data as the subscriber of that name would; they are of that version (default: 1). */
  validateEvent(consumer: string, data: unknown, version?: number): EventValidationResult
}

/** The version of an endpoint's contract, and the fields that its callers may leave out. */
export interface EndpointFields {
  readonly version: string
  readonly optional: readonly string[]
}

/**
 * Brings contracts together, by the folders that hold them. Throws a ContractError where a name differs from its
 * folder's, where two of them claim the same requests, where one names an authorizer that there is not, or where
 * one calls a function that it cannot call.
 */
export function contractSet(contracts: Readonly<Record<string, AnyContract>>, openapi: unknown): ContractSet {
  const routes: Route[] = []
  const subscriptions: Subscription[] = []
  const authorizers: Authorizer[] = []
  const internals: Route[] = []
  const calls = resolveCalls(Object.values(contracts).filter((contract) => KINDS.has(contract?.kind)))
  const withCalls = <D extends Described>(described: D): D => {
    const callees = calls.get(described.name)
    return callees ? { ...described, calls: callees } : described
  }
  const validators = new Map<string, (raw: RawInput) => ValidationResult>()
  const eventValidators = new Map<string, ValidateEvent>()
  const checks = new Map<string, ReplyChecks>()
  const endpointFields: Record<string, EndpointFields> = {}
  const endpointsByRequest = new Map<string, string>()
  for (const [folder, contract] of Object.entries(contracts)) {
    requireContract(folder, contract)
    if (contract.name !== folder)
      throw new ContractError(folder, `its name is "${contract.name}"; give it its folder's name`)
    if (isReceiver(contract)) {
      subscriptions.push(withCalls(describeSubscriber(contract)))
      eventValidators.set(contract.name, createEventValidator(contract))
    }
    if (contract.kind === 'authorizer') authorizers.push(describeAuthorizer(contract))
    const route = routeOf(contract)
    if (route) {
      for (const requests of requestsOf(route)) {
        const other = endpointsByRequest.get(requests)
        if (other)
          throw new ContractError(folder, `functions/${other} already answers ${requests}; change one of the two`)
        endpointsByRequest.set(requests, folder)
      }
      if (route.internal) internals.push(route)
      else routes.push({ ...withCalls(route), ...checkOf(contract, contracts) })
      if (contract.kind === 'endpoint') {
        validators.set(contract.name, createValidator(contract))
        checks.set(contract.name, createReplyChecks(contract))
        endpointFields[contract.name] = { version: contract.version ?? '1', optional: optionalFieldsOf(contract) }
      }
    }
  }
  requireAuthorizers(routes, authorizers)
  requireSuccessors(routes)
  checkVersions(Object.values(contracts))
  const validate = (name: string, raw: RawInput): ValidationResult =>
    validators.get(name)?.(raw) ?? { ok: false, issues: [{ path: 'name', message: `No endpoint is called ${name}` }] }
  const validateEvent = (consumer: string, data: unknown, version = 1): EventValidationResult =>
    eventValidators.get(consumer)?.(data, version) ?? {
      ok: false,
      issues: [{ path: 'consumer', message: `No subscriber is called ${consumer}` }],
    }
  return {
    ...{ routes, subscriptions, authorizers, internals, openapi, validate, validateEvent },
    webhookEvents: webhookEventsOf(Object.values(contracts)),
    endpointFields,
    replyChecks: (name) => checks.get(name),
  }
}

/** What requests to a contract lead to; undefined where there are none. */
function routeOf(contract: AnyContract): Route | undefined {
  if (contract.kind === 'endpoint') return describeEndpoint(contract)
  if (contract.kind === 'proxy') return describeProxy(contract)
  return contract.kind === 'receive' ? describeReceive(contract) : undefined
}

function checkOf(contract: AnyContract, contracts: Readonly<Record<string, AnyContract>>): Pick<Route, 'check'> {
  const check = contract.kind === 'endpoint' && describeSyntheticCheck(contract, Object.values(contracts))
  return check ? { check } : {}
}

/** The contract that a folder exports. Throws a ContractError where it exports anything else. */
export function requireContract(folder: string, exported: AnyContract | undefined): AnyContract {
  if (exported && KINDS.has(exported.kind)) return exported
  throw new ContractError(
    folder,
    'its default export must be an endpoint(), a subscriber(), a schedule(), a receive(), an authorizer() or a proxy()',
  )
}

const KINDS: ReadonlySet<string> = new Set<AnyContract['kind']>([
  ...(['endpoint', 'subscriber', 'schedule', 'receive', 'authorizer', 'proxy'] as const),
])

/** All functions of the contracts. */
export const functionsOf = ({
  routes,
  subscriptions,
  authorizers,
  internals = [],
}: Pick<ContractSet, 'routes' | 'subscriptions' | 'authorizers' | 'internals'>): readonly (
  | Route
  | Subscription
  | Authorizer
)[] => [...routes.filter(({ kind }) => kind === 'endpoint'), ...internals, ...subscriptions, ...authorizers]

function requireAuthorizers(routes: readonly Route[], authorizers: readonly Authorizer[]) {
  const names = authorizers.map(({ name }) => name)
  const readers = authorizers.filter(({ credentials }) => credentials.body).map(({ name }) => name)
  for (const { name, authorizer, bodyStream } of routes) {
    if (bodyStream && authorizer !== undefined && readers.includes(authorizer))
      throw new ContractError(
        name,
        `its body is passed on as it arrives, and \`${authorizer}\` judges by the whole body; take \`body\` out of what that sees, or give this one another authorizer`,
      )
    if (authorizer === undefined || names.includes(authorizer)) continue
    const known = names.length > 0 ? `there are ${names.join(', ')}` : 'there is none'
    throw new ContractError(
      name,
      `its \`access.authorizer\` "${authorizer}" is no authorizer() of functions/: ${known}`,
    )
  }
}

/** The same for all templates that match the same paths. */
const requestsOf = (route: Route): readonly string[] =>
  methodsOf(route).map((method) => `${method} ${route.path.replaceAll(/\{\w+\}/g, '{}')}`)

/**
 * The cycles in which events may lead back to themselves, such as `order.placed -> confirm-order -> order.placed`: one for
 * each step that leads back. A handler may well end such a chain, which contracts cannot say.
 */
export function findEventCycles(
  subscriptions: readonly Pick<Subscription, 'name' | 'on' | 'emits'>[],
): readonly string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const follow = (type: string, path: readonly string[]) => {
    const start = path.indexOf(type)
    if (start >= 0) cycles.push([...path.slice(start), type].join(' -> '))
    if (start >= 0 || done.has(type)) return
    for (const { name, emits } of subscriptions.filter(({ on }) => on === type)) {
      for (const next of emits) follow(next, [...path, type, name])
    }
    done.add(type)
  }
  for (const { on } of subscriptions) follow(on, [])
  return cycles
}
