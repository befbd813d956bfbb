import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type Backlog, isTooSlow, MAX_COUNTED } from './backlog.ts'

export interface RelayMetrics {
  attempted(attempt: {
    /** The function that was called. */
    readonly consumer: string
    /** As the log has it: `retry` is tried again, `dead` is not. */
    readonly outcome: string
    readonly seconds: number
  }): void
}

/** From a warm function to one that starts and takes its time. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** The relay's metrics, in a registry of their own. Each scrape has `look` ask the database for the backlog. */
export function createMetrics(look: () => Promise<Backlog>) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const attempts = new Histogram({
    name: 'ebb_delivery_attempt_duration_seconds',
    help: 'From the call of a function to the end of its answer; those whose relay was lost count for their lease',
    labelNames: ['consumer', 'outcome'],
    buckets: SECONDS,
    registers,
  })
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers })
  const size = gauge(
    'ebb_backlog_size',
    `Calls that wait to be made, those in back-off too; at most ${MAX_COUNTED} each of new events, deliveries and invocations are counted`,
    ['kind'],
  )
  const age = gauge('ebb_backlog_age_seconds', 'How long the call has waited that is due the longest', ['kind'])
  const dead = gauge(
    'ebb_dead_letters',
    `Deliveries that were given up and not sent on their way again, ${MAX_COUNTED} at most`,
  )
  const up = gauge(
    'ebb_database_up',
    'Whether the database answered this scrape, be it that it was too busy to count: 1 or 0',
  )

  const tell = (backlog: Backlog | undefined, { isUp }: { readonly isUp: boolean }) => {
    for (const each of [size, age]) each.reset()
    for (const { kind, ...told } of backlog?.waiting ?? []) {
      size.set({ kind }, told.size)
      age.set({ kind }, told.ageSeconds)
    }
    // What nobody knows is not told; it is no zero.
    if (backlog) dead.set(backlog.deadLetters)
    else dead.remove()
    up.set(isUp ? 1 : 0)
  }
  let looking: Promise<void> | undefined
  const refresh = () => {
    // Why it failed is said by the relay's own turns, which meet the same.
    looking ??= look()
      .then(
        (backlog) => tell(backlog, { isUp: true }),
        (fault) => tell(undefined, { isUp: isTooSlow(fault) }),
      )
      .finally(() => {
        looking = undefined
      })
    return looking
  }
  const metrics: RelayMetrics = {
    attempted: ({ consumer, outcome, seconds }) => attempts.observe({ consumer, outcome }, seconds),
  }
  return {
    metrics,
    contentType: registry.contentType,
    /** Prometheus' text format. However many ask, one look is under way at a time. */
    text: async () => {
      await refresh()
      return registry.metrics()
    },
  }
}
