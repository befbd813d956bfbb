import { randomUUID } from 'node:crypto'
import type { Log } from 'ebb/kernel'
import { correlate } from 'ebb/telemetry'
import type pg from 'pg'
import type { Schedule, Subscription } from '../../src/contract/index.ts'
import { addSchedules, decideFirings, findSchedules, forgetSchedules, type Rule } from '../../src/data/queue/firings.ts'
import { type CronTimes, createCronTimes } from '../../src/protocol/cron-times.ts'
import { decideFirings as decide, jitterOf } from './decide-firings.ts'
import type { ScheduleMetrics } from './schedule-metrics.ts'

export interface SchedulesOptions {
  readonly pool: pg.Pool
  readonly subscriptions: () => readonly Subscription[]
  /** A schedule that no relay has had for so long is forgotten, and starts anew where it comes back. */
  readonly forgetAfterMs: number
  readonly log: Log
  readonly metrics: ScheduleMetrics
  /** Called when something was fired. */
  readonly wake: () => void
  /** The longest sleep: what another relay, an operator or a function has changed is seen that soon; default: 1 s. */
  readonly pollMs?: number
}

const POLL_MS = 1_000
const MIN_SLEEP_MS = 5
const FORGETS_PER_PERIOD = 10

type Scheduled = Schedule & Pick<Subscription, 'name' | 'on'>

/**
 * Fires the schedules of the contracts by the clock of the database. A firing and its event are rows of one transaction, which
 * one relay makes, whichever comes first; from then on it is an event like any other.
 */
export function fireSchedules(options: SchedulesOptions) {
  const { subscriptions, pool, forgetAfterMs, log, pollMs = POLL_MS } = options
  const closing = new AbortController()
  const timesOf = createTimes()
  let forgetAt = 0
  let failing = false

  const poll = async (): Promise<number> => {
    const schedules = subscriptions().flatMap(toScheduled)
    if (performance.now() >= forgetAt) {
      await forgetSchedules(pool, schedules, forgetAfterMs)
      forgetAt = performance.now() + forgetAfterMs / FORGETS_PER_PERIOD
    }
    return fireDue(schedules, timesOf, options)
  }
  const run = async () => {
    let sleepMs = 0
    try {
      sleepMs = await poll()
      if (failing) log.info({}, 'schedules fire again')
      failing = false
    } catch (error) {
      if (!failing) log.error({ err: error }, 'schedules cannot fire; the relay tries again')
      failing = true
      sleepMs = pollMs
    }
    if (!closing.signal.aborted) timer = setTimeout(start, Math.max(MIN_SLEEP_MS, Math.min(pollMs, sleepMs)))
  }
  const start = () => {
    running = run()
  }
  let timer: NodeJS.Timeout | undefined
  let running = run()
  return {
    stop: async () => {
      closing.abort()
      clearTimeout(timer)
      await running
    },
  }
}

const toScheduled = ({ name, on, schedule }: Subscription): readonly Scheduled[] =>
  schedule ? [{ ...schedule, name, on }] : []

/** Fires what is due. Resolves to the milliseconds until something is. */
async function fireDue(
  schedules: readonly Scheduled[],
  timesOf: (rule: Rule) => CronTimes,
  options: SchedulesOptions,
): Promise<number> {
  const found = schedules.length === 0 ? [] : await findSchedules(options.pool, schedules)
  const news = found.flatMap(({ rule, now, nextAt }) => {
    const first = nextAt ? undefined : timesOf(rule).next(now)
    return first ? [{ ...rule, nextAt: first }] : []
  })
  if (news.length > 0) await addSchedules(options.pool, news)
  const known = found.flatMap(({ rule, now, nextAt, hasWaiting }) => {
    const scheduled = schedules.find(({ name }) => name === rule.name)
    if (!scheduled || !nextAt) return []
    return [{ scheduled, hasWaiting, inMs: nextAt.getTime() + jitterOf(scheduled, nextAt) - now.getTime() }]
  })
  options.metrics.due(new Map(known.map(({ scheduled, inMs }) => [scheduled.name, inMs])))
  for (const { scheduled, hasWaiting, inMs } of known) {
    if (inMs <= 0 || hasWaiting) await fire(scheduled, timesOf(scheduled), options)
  }
  return Math.min(news.length > 0 ? 0 : Infinity, ...known.map(({ inMs }) => inMs))
}

async function fire(scheduled: Scheduled, times: CronTimes, { pool, log, metrics, wake }: SchedulesOptions) {
  const { name, on, cron, timeZone } = scheduled
  const decidedAt = { ms: 0 }
  const events = {
    type: on,
    callerId: 'relay',
    newEvent: () => ({ id: randomUUID(), ...correlate(undefined, undefined) }),
  }
  const firings = await decideFirings(pool, {
    ...{ name, cron, timeZone, events },
    decide: (progress) => {
      decidedAt.ms = progress.now.getTime()
      return decide(scheduled, times, progress)
    },
  })
  for (const { plannedAt, state } of firings ?? []) {
    const lateMs = Math.max(0, decidedAt.ms - plannedAt.getTime() - jitterOf(scheduled, plannedAt))
    metrics.decided({ schedule: name, state, lateMs })
    const line = { schedule: name, plannedAt: plannedAt.toISOString(), lateMs }
    if (state === 'skipped') log.warn(line, 'a firing was skipped: the one before is not done')
    if (state === 'missed') log.warn(line, 'a firing was missed')
    if (state === 'fired') log.info(line, 'fired')
  }
  if (firings?.some(({ state }) => state === 'fired')) wake()
}

/** Reads each cron once. */
function createTimes() {
  const known = new Map<string, CronTimes>()
  return (rule: Rule): CronTimes => {
    const key = `${rule.cron} ${rule.timeZone}`
    const times = known.get(key) ?? createCronTimes(rule)
    known.set(key, times)
    return times
  }
}
