import type { Subscription } from './described.ts'

/** Under which name deliveries, logs and metrics have the broker that events are handed to (EBB_BROKER_URL). */
export const BROKER = 'broker'

/**
 * Whether a broker brings a subscriber its events, where there is one. Not to a schedule, whose firings are the relay's, and not
 * where there is a rate or a batch, which no broker keeps: those the relay calls itself.
 */
export const isForBroker = ({ kind, rate, batch }: Pick<Subscription, 'kind' | 'rate' | 'batch'>): boolean =>
  kind === 'subscriber' && rate === undefined && batch === undefined
