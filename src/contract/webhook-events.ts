import type { AnyContract } from './any-contract.ts'
import { ContractError } from './contract-error.ts'
import type { EventContract, EventWebhook } from './event-shape.ts'

/** An event that customers may subscribe to, as plain data. */
export interface WebhookEvent {
  readonly type: string
  readonly summary?: string
  /** The field of its data that holds the subject whose event it is; undefined where it is its whole tenant's. */
  readonly owner?: string
  /** What a caller must be allowed to in order to subscribe. */
  readonly scopes: readonly string[]
}

/**
 * The events that customers may subscribe to, by type: those that some contract emits or takes, and that have a `webhook`. Throws a
 * ContractError where two declarations of a type do not agree on whose it is.
 */
export function webhookEventsOf(contracts: readonly AnyContract[]): readonly WebhookEvent[] {
  const found = new Map<string, WebhookEvent>()
  for (const { name, type, summary, webhook } of contracts.flatMap(customersEventsOf)) {
    const { owner, scopes = [] } = webhook
    const other = found.get(type)
    if (other && (other.owner !== owner || other.scopes.join() !== scopes.join()))
      throw new ContractError(name, `another event() of type ${type} has another \`webhook\`; give both the same`)
    const said = { ...(summary ? { summary } : {}), ...(owner === undefined ? {} : { owner }) }
    if (!other) found.set(type, { type, ...said, scopes })
  }
  return [...found.values()].sort((a, b) => (a.type < b.type ? -1 : 1))
}

/** The events of a contract that have a `webhook`, each with the contract's name. */
export function customersEventsOf(contract: AnyContract) {
  const emits = 'emits' in contract ? Object.values(contract.emits ?? {}) : []
  const named = contract.kind === 'subscriber' ? [...emits, contract.on] : emits
  return named.flatMap((one) => (isForCustomers(one) ? [{ ...one, name: contract.name }] : []))
}

const isForCustomers = (emitted: object): emitted is EventContract & { readonly webhook: EventWebhook } =>
  'kind' in emitted && emitted.kind === 'event' && 'webhook' in emitted && emitted.webhook !== undefined
