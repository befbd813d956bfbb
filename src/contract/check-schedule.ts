import type { Refuse } from './check-common.ts'
import { checkFunction } from './check-function.ts'
import { checkRetry } from './check-subscriber.ts'
import type { ScheduleShape } from './schedule-shape.ts'
import { isTimeZone } from './warm-windows.ts'

const TIMES = ['cron', 'timeZone', 'missed', 'overlap', 'jitterMs']
const KEYS = [...TIMES, 'retry', 'emits', 'calls', 'failures']
/** Without `?`, which means now, and names such as `@daily`. Whether there is such a time is checked where contracts are bundled. */
const CRON = /^[\w*,/#+-]+( [\w*,/#+-]+){4,5}$/
/** An hour: whoever wants more means another time. */
const MAX_JITTER_MS = 3_600_000

/** Throws a ContractError at the first contradiction. */
export function checkSchedule(contract: ScheduleShape) {
  const refuse = checkFunction(contract, KEYS)
  checkRetry(contract.retry, refuse)
  checkTimes(contract, refuse)
}

function checkTimes(contract: ScheduleShape, refuse: Refuse) {
  const { cron, timeZone = 'UTC', missed = 'once', overlap = 'skip', jitterMs = 0 } = contract
  const isCron = typeof cron === 'string' && CRON.test(cron)
  refuse(!isCron, `cron "${cron}" must be minute, hour, day, month and weekday, such as 0 3 * * mon-fri, and no more`)
  refuse(!isTimeZone(timeZone), `timeZone "${timeZone}" is not a time zone, such as Europe/Berlin`)
  refuse(!['skip', 'once', 'all'].includes(missed), `missed "${missed}" must be skip, once or all`)
  refuse(!['skip', 'queue'].includes(overlap), `overlap "${overlap}" must be skip or queue`)
  refuse(
    missed === 'all' && overlap !== 'queue',
    "missed: 'all' fires several at once, and overlap: 'skip' all but the first not; say overlap: 'queue'",
  )
  refuse(
    !(Number.isInteger(jitterMs) && jitterMs >= 0 && jitterMs <= MAX_JITTER_MS),
    `jitterMs must be whole, and 0 to ${MAX_JITTER_MS}`,
  )
}
