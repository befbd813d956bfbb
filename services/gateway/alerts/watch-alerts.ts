import type { Config, Log } from 'ebb/kernel'
import type { Registry } from 'prom-client'
import { type AlertState, createAlertStates } from './alert-states.ts'
import { loadRules } from './load-rules.ts'
import { readOwnSamples, readRelaySamples, SELECTORS } from './read-samples.ts'
import { createSeriesStore } from './series-store.ts'

/** How all alerts are, as far as one gateway can tell. */
export interface Alerts {
  readonly evaluatedAtMs: number
  /** Since when there is something measured. */
  readonly sinceMs: number
  readonly states: readonly AlertState[]
}

export interface AlertsWatch {
  /** Evaluates them now, unless that was just done. */
  read(): Promise<Alerts>
  stop(): void
}

const INTERVAL_MS = 60_000
/** However often somebody asks. */
const MIN_INTERVAL_MS = 1_000

interface WatchOptions {
  readonly registry: Pick<Registry, 'getSingleMetric'>
  readonly config: Pick<Config, 'EBB_RELAY_METRICS_URL'>
  readonly log: Pick<Log, 'error'>
}

/**
 * Evaluates the alerts once a minute by what this gateway has counted, and by the relay's metrics where their address is set. One
 * minute's work is some milliseconds; nothing of it is done in a request.
 */
export function watchAlerts({ registry, config: { EBB_RELAY_METRICS_URL: relayUrl }, log }: WatchOptions): AlertsWatch {
  const { $relay, $functions: _, ...own } = SELECTORS
  const { rules, metrics } = loadRules({ ...own, ...(relayUrl ? { $relay } : {}) })
  const states = createAlertStates(rules, createSeriesStore())
  const sinceMs = Date.now()
  let last: Alerts | undefined
  let running: Promise<Alerts> | undefined

  async function evaluate(): Promise<Alerts> {
    const [mine, relays] = await Promise.all([
      readOwnSamples(registry, metrics),
      relayUrl ? readRelaySamples(relayUrl, metrics) : [],
    ])
    const evaluatedAtMs = Date.now()
    last = { evaluatedAtMs, sinceMs, states: states.step([...mine, ...relays], evaluatedAtMs) }
    return last
  }
  const run = () => {
    running ??= evaluate().finally(() => {
      running = undefined
    })
    return running
  }
  const inBackground = () => void run().catch((err) => log.error({ err }, 'the alerts could not be evaluated'))
  inBackground()
  const timer = setInterval(inBackground, INTERVAL_MS).unref()
  return {
    read: async () => (last && Date.now() - last.evaluatedAtMs < MIN_INTERVAL_MS ? last : run()),
    stop: () => clearInterval(timer),
  }
}
