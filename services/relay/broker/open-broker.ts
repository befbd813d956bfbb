import { createServer } from 'node:http'
import { type Config, drain, type Log, listenOn } from 'ebb/kernel'
import type pg from 'pg'
import { type ContractSet, functionsOf, isForBroker } from '../../../src/contract/index.ts'
import type { CallFunction } from '../call-function.ts'
import type { RelayMetrics } from '../metrics.ts'
import { createBringEvent } from './bring-event.ts'
import { createBrokerListener } from './broker-listener.ts'
import { readBrokerSettings } from './broker-settings.ts'
import { openEventProofs } from './event-proof.ts'
import { type HandOver, openHandOver } from './hand-over.ts'
import { openBrokerCheck } from './identify-broker.ts'
import { createTakeDeadLetter } from './take-dead-letter.ts'

export interface BrokerOptions {
  readonly contracts: () => ContractSet
  readonly call: CallFunction
  readonly pool: pg.Pool
  readonly log: Log
}

export interface Broker extends Pick<HandOver, 'send'> {
  /**
   * The types of all events that contracts name, but those of schedules: also others may take them from the broker. Undefined
   * where it gets no new ones any more.
   */
  types(): readonly string[] | undefined
  /** Begins to take events from the broker. Resolves to the port; undefined where it brings none. */
  listen(metrics: RelayMetrics): Promise<number | undefined>
  /** Takes no more, and waits for what is under way; at most so long. */
  stop(drainMs: number): Promise<void>
  /** To be called when nothing is handed over any more. */
  close(): Promise<void>
}

/** Opens both ways between the relay and a broker; undefined where none is set. Throws a ConfigError where its settings do not fit. */
export function openBroker(config: Config, { contracts, call, pool, log }: BrokerOptions): Broker | undefined {
  const settings = readBrokerSettings(config, contracts().subscriptions)
  if (!settings) return undefined
  const { url, identity } = settings
  const proofs = openEventProofs(config, log)
  const handOver = openHandOver(config, { url, proofs, log })
  const check = identity && openBrokerCheck(identity, { log })
  const giveUp = new AbortController()
  let server: ReturnType<typeof createServer> | undefined
  return {
    send: handOver.send,
    types: () => {
      if (config.EBB_BROKER_DRAIN === 'true') return undefined
      const { subscriptions } = contracts()
      const emitted = functionsOf(contracts()).flatMap(({ emits }) => emits)
      return [...new Set([...emitted, ...subscriptions.filter(isForBroker).map(({ on }) => on)])]
    },
    async listen(metrics) {
      if (!check) return undefined
      const subscriptions = () => contracts().subscriptions
      const bring = { proofs, call, subscriptions, log, metrics, signal: giveUp.signal }
      const listener = createBrokerListener({
        ...{ check: check.check, log, bringEvent: createBringEvent(bring) },
        takeDeadLetter: createTakeDeadLetter({ pool, log, onAdded: metrics.brokerGaveUp }),
      })
      server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener)
      return listenOn(server, config.EBB_HOST, config.EBB_BROKER_PORT, 'EBB_BROKER_PORT')
    },
    async stop(drainMs) {
      if (server?.listening) await drain(server, { timeoutMs: drainMs })
      giveUp.abort(new Error('the relay was stopped'))
      check?.close()
    },
    close: handOver.close,
  }
}

/** Longer than those in between keep idle connections, so that none of their requests meets its end. */
const KEEP_ALIVE_MS = 95_000
