import {
  type AnyContract,
  describeSubscriber,
  isForBroker,
  isReceiver,
  type Subscription,
} from '../../contract/index.ts'

/** What a Trigger of Knative says for a subscriber, besides where events go. */
interface Trigger {
  readonly type: string
  readonly retry: number
  readonly backoffPolicy: 'exponential' | 'linear'
  /** ISO 8601. */
  readonly backoffDelay: string
}

/** The Triggers of the subscribers that a broker may bring events to, by name. */
export const triggersOf = (contracts: Readonly<Record<string, AnyContract>>): ReadonlyMap<string, Trigger> =>
  new Map(
    Object.values(contracts)
      .filter(isReceiver)
      .map(describeSubscriber)
      .filter(isForBroker)
      .map(({ name, on, retry }) => [name, { type: on, ...deliveryOf(retry) }]),
  )

const AN_HOUR_MS = 3_600_000

/**
 * `retry` of a contract as a broker keeps it, which knows no longest delay: the delay doubles where the last one is no longer than an
 * hour, or the contract's own longest, and else grows evenly up to that.
 */
function deliveryOf({ attempts, minDelayMs, maxDelayMs }: Subscription['retry']): Omit<Trigger, 'type'> {
  const retry = attempts - 1
  const last = minDelayMs * 2 ** Math.max(0, retry - 1)
  if (last <= Math.max(AN_HOUR_MS, maxDelayMs))
    return { retry, backoffPolicy: 'exponential', backoffDelay: durationOf(minDelayMs) }
  return { retry, backoffPolicy: 'linear', backoffDelay: durationOf(Math.max(minDelayMs, maxDelayMs / retry)) }
}

/** In tenths of a second, of which Knative reads one digit. */
const durationOf = (ms: number) => `PT${Math.ceil(ms / 100) / 10}S`
