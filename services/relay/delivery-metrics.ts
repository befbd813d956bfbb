import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { DeliveryCounts } from '../../src/data/queue/tally.ts'

export interface DeliveryMetrics {
  /** Called when a delivery is sent for the first time, with how long it was due by then. */
  firstAttempt(attempt: { readonly consumer: string; readonly seconds: number }): void
}

export interface DeliveryMetricsOptions {
  /** Counts what became of all deliveries. */
  readonly count: () => Promise<readonly DeliveryCounts[]>
  /** Whether the contracts have this subscriber. */
  readonly isKnown: (consumer: string) => boolean
}

/** From a warm subscriber to one whose backlog is an hour long. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600]
/** Counting takes no more than this share of the time, however much there is to count. */
const MAX_SHARE = 0.01

/**
 * Creates the metrics by which every delivery is accounted for: made = done + dropped + waiting + leased + dead + parked, for each
 * subscriber, in one moment. Every relay tells the same. `refresh` counts anew, and never rejects.
 */
export function createDeliveryMetrics(registers: Registry[], { count, isKnown }: DeliveryMetricsOptions) {
  const made = new Counter({
    name: 'ebb_deliveries_made_total',
    help: 'Deliveries of events that were made for a subscriber, since this was counted (0.3)',
    labelNames: ['consumer'],
    registers,
  })
  const ended = new Counter({
    name: 'ebb_deliveries_ended_total',
    help: 'Those that are over: done, or dropped by an operator or for their age',
    labelNames: ['consumer', 'outcome'],
    registers,
  })
  const gauge = (name: string, help: string, labelNames: string[] = ['consumer']) =>
    new Gauge({ name, help, labelNames, registers })
  const live = gauge(
    'ebb_deliveries',
    'Those that are not over: waiting, leased, dead, or parked, as no contract has their subscriber',
    ['consumer', 'state'],
  )
  const unaccounted = gauge(
    'ebb_deliveries_unaccounted',
    'Deliveries made less those that are done, dropped, waiting, leased, dead or parked: other than 0, some were lost',
  )
  const overdue = gauge(
    'ebb_deliveries_overdue_seconds',
    'How long the delivery to this subscriber that is overdue the longest has waited; 0 where none is due',
  )
  const first = new Histogram({
    name: 'ebb_delivery_first_attempt_seconds',
    help: 'From the emit of an event, or the time that it is due at, to the first attempt to deliver it, by the clock of the database',
    labelNames: ['consumer'],
    buckets: SECONDS,
    registers,
  })

  const record = (counts: readonly DeliveryCounts[]) => {
    for (const each of [made, ended, live, unaccounted, overdue]) each.reset()
    for (const { consumer, waiting, leased, dead, done, dropped, ...of } of counts) {
      made.inc({ consumer }, of.made)
      ended.inc({ consumer, outcome: 'done' }, done)
      ended.inc({ consumer, outcome: 'dropped' }, dropped)
      const isParked = !isKnown(consumer)
      live.set({ consumer, state: 'waiting' }, isParked ? 0 : waiting)
      live.set({ consumer, state: 'leased' }, leased)
      live.set({ consumer, state: 'dead' }, isParked ? 0 : dead)
      live.set({ consumer, state: 'parked' }, isParked ? waiting + dead : 0)
      unaccounted.set({ consumer }, of.made - done - dropped - waiting - leased - dead)
      overdue.set({ consumer }, of.overdueSeconds)
    }
  }
  let nextAt = Number.NEGATIVE_INFINITY
  const refresh = async () => {
    const startedAt = performance.now()
    if (startedAt < nextAt) return
    // What is not known has no value.
    record(await count().catch(() => []))
    const endedAt = performance.now()
    nextAt = endedAt + (endedAt - startedAt) / MAX_SHARE
  }
  const deliveries: DeliveryMetrics = {
    firstAttempt: ({ consumer, seconds }) => first.observe({ consumer }, seconds),
  }
  return { deliveries, refresh }
}
