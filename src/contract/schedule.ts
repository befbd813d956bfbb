import * as z from 'zod'
import { checkSchedule } from './check-schedule.ts'
import type { Exact } from './endpoint.ts'
import { PLATFORM_TYPES } from './event.ts'
import type { FiredEvent, ScheduleContract, ScheduleShape } from './schedule-shape.ts'

/**
 * Declares a schedule: its handler takes effect once for each time that its cron names, however many relays run. Throws a
 * {@link ContractError}, one sentence that says what to write instead, where the contract contradicts itself.
 * @example
 * export default schedule({
 *   name: 'close-books',
 *   summary: 'Close the books of the day before.',
 *   cron: '0 3 * * *',
 *   timeZone: 'Europe/Berlin',
 *   missed: 'all',
 *   overlap: 'queue',
 * })
 * @see docs/guide/35-schedules.md
 */
export function schedule<const C extends ScheduleShape>(contract: Exact<C, ScheduleShape>): ScheduleContract<C> {
  checkSchedule(contract)
  return Object.freeze({ ...(contract as C), kind: 'schedule' as const, on: firedEvent(contract) })
}

function firedEvent({ name }: ScheduleShape): FiredEvent {
  const type = `${PLATFORM_TYPES}${name.replaceAll('-', '_')}.fired`
  // The time that the cron named, and whether an operator had it fire, at no time of the cron's.
  const data = z.object({ plannedAt: z.iso.datetime(), manual: z.boolean() })
  return Object.freeze({ kind: 'event', type, data, summary: `The schedule ${name} has fired.` })
}
