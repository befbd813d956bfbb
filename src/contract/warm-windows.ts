import { checkKeys, type Refuse } from './check-common.ts'
import type { Day, WarmWindow } from './deployment-shape.ts'

const DAYS: readonly Day[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const FROM = /^([01]\d|2[0-3]):[0-5]\d$/

/** Refuses windows that are malformed, empty or in an unknown time zone. */
export function checkWarmWindows(windows: readonly WarmWindow[], refuse: Refuse): void {
  for (const { from, to, days, timeZone = 'UTC', ...others } of windows) {
    checkKeys(others, ['from', 'to', 'days', 'timeZone'], refuse)
    const where = `scale.warm from ${from} to ${to}`
    refuse(!FROM.test(from) || !(FROM.test(to) || to === '24:00'), `${where}: both must be HH:MM, such as 08:00`)
    refuse(from === to, `${where} is empty; all day is 00:00 to 24:00`)
    refuse(days?.length === 0, `${where} has no days; leave \`days\` out for all of them`)
    const unknown = days?.find((day) => !DAYS.includes(day))
    refuse(unknown !== undefined, `${where}: "${unknown}" is not a day; they are ${DAYS.join(', ')}`)
    refuse(!isTimeZone(timeZone), `${where}: "${timeZone}" is not a time zone, such as Europe/Berlin`)
  }
}

/** Whether a moment is in one of these windows. */
export const isWarm = (windows: readonly WarmWindow[], at: Date): boolean =>
  windows.some(({ from, to, days = DAYS, timeZone = 'UTC' }) => {
    const { day, minute } = clockOf(timeZone, at)
    const [start, end] = [minutesOf(from), minutesOf(to)]
    const startsOn = (day: number) => days.includes(DAYS[(day + 7) % 7] ?? 'mon')
    if (start < end) return startsOn(day) && start <= minute && minute < end
    return (startsOn(day) && minute >= start) || (startsOn(day - 1) && minute < end)
  })

const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))

/** The day of the week, from Monday, and the minute of the day, in local wall-clock time. */
function clockOf(timeZone: string, at: Date) {
  const parts = { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  const [weekday = '', time = ''] = new Intl.DateTimeFormat('en-GB', parts).format(at).split(/,? /)
  const names: readonly string[] = DAYS
  return { day: names.indexOf(weekday.toLowerCase()), minute: minutesOf(time) }
}

/** Whether there is a time zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
