import type { Config, Log } from 'ebb/kernel'
import type pg from 'pg'
import { RESPONSE_MS, type Route } from '../../../src/contract/index.ts'
import {
  type CheckRule,
  findChecks,
  forgetChecks,
  type LeasedCheck,
  leaseChecks,
  releaseCheck,
  settleCheck,
} from '../../../src/data/synthetic-checks.ts'
import { inRounds } from '../in-rounds.ts'
import type { CheckMetrics } from './check-metrics.ts'
import { type CheckedRoute, runCheck } from './run-check.ts'
import { openCheckSender } from './send-check.ts'

interface MakeChecksOptions {
  readonly pool: pg.Pool
  readonly routes: () => readonly Route[]
  readonly log: Log
  readonly metrics: CheckMetrics
  /** Whether a canary of an endpoint runs, which needs requests; default: none does. */
  readonly hasCanary?: (name: string) => boolean
  /** Default: 1 s. */
  readonly pollMs?: number
}

const POLL_MS = 1_000
/** How often a check is made while a canary of its endpoint runs: it may be all that there is to judge that by. */
const CANARY_SECONDS = 2
/** How many a relay makes at a time. */
const MAX_RUNNING = 5
/** What a lease outlives a run's own limits by. */
const SLACK_MS = 10_000
/** A run sends three requests at most: two that take back. */
const MAX_REQUESTS = 3
const FORGETS_PER_PERIOD = 10

/**
 * Makes the checks of the contracts through the gateway's public address, each by one relay, by the clock of the database. Undefined
 * where no address is set: then there are none.
 */
export function makeChecks(config: Config, options: MakeChecksOptions) {
  const { pool, routes, log, metrics, hasCanary = () => false, pollMs = POLL_MS } = options
  if (config.EBB_CHECKS_URL === undefined) return undefined
  const sender = openCheckSender(config.EBB_CHECKS_URL, config, log)
  const closing = new AbortController()
  const running = new Set<Promise<void>>()
  const timeoutOf = ({ timeoutMs }: Pick<Route, 'timeoutMs'>) => config.EBB_START_TIMEOUT_MS + timeoutMs + RESPONSE_MS
  let forgetAt = 0

  const run = async (route: CheckedRoute, leased: LeasedCheck) => {
    try {
      const sent = { pool, send: sender.send, timeoutMs: timeoutOf(route), signal: closing.signal }
      const ended = await runCheck(route, leased, sent)
      if (!(await settleCheck(pool, leased, ended))) return
      metrics.ran(route.name, ended)
      const { passed, status, message, durationMs, correlationId } = ended
      const line = { check: route.name, status, durationMs, correlationId }
      if (passed) log.info(line, 'check passed')
      else log.warn({ ...line, reason: message }, 'check failed')
    } catch (error) {
      if (closing.signal.aborted) return void (await releaseCheck(pool, leased).catch(() => {}))
      log.error({ err: error, check: route.name }, 'a check could not be made; it is made again once its lease is over')
    }
  }
  const poll = async () => {
    const checked = routes().filter(isChecked)
    const rules = checked.map(
      (route): CheckRule => ({
        ...{
          name: route.name,
          everySeconds: hasCanary(route.name) ? CANARY_SECONDS : route.check.everySeconds,
          writes: route.check.undo !== undefined,
        },
        leaseMs: MAX_REQUESTS * timeoutOf(route) + SLACK_MS,
      }),
    )
    if (performance.now() >= forgetAt) {
      await forgetChecks(
        pool,
        rules.map(({ name }) => name),
        config.EBB_ABANDON_AFTER_MS,
      )
      forgetAt = performance.now() + config.EBB_ABANDON_AFTER_MS / FORGETS_PER_PERIOD
    }
    if (rules.length === 0) return metrics.known([])
    const states = await findChecks(pool, rules)
    metrics.known(states)
    const free = MAX_RUNNING - running.size
    if (free <= 0 || closing.signal.aborted || states.every(({ dueInMs }) => (dueInMs ?? 0) > 0)) return
    for (const leased of await leaseChecks(pool, rules, free)) {
      const route = checked.find(({ name }) => name === leased.name)
      if (!route) continue
      const one = run(route, leased).finally(() => running.delete(one))
      running.add(one)
    }
  }
  const rounds = inRounds(poll, {
    intervalMs: pollMs,
    onFailure: (error) => log.warn({ err: error }, 'checks cannot be made; the relay tries again'),
  })
  return {
    /** Begins none any more, and gives those that run to other relays. */
    stop: async () => {
      closing.abort(new Error('the relay ends'))
      await rounds.stop()
      await Promise.all(running)
      await sender.close()
    },
  }
}

const isChecked = (route: Route): route is Route & CheckedRoute => route.check !== undefined && route.method !== '*'
