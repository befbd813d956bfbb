import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Firing } from '../../src/data/queue/firings.ts'

export interface ScheduleMetrics {
  decided(firing: { readonly schedule: string; readonly state: Firing['state']; readonly lateMs: number }): void
  /** Called with the milliseconds until each schedule is to fire next, less than 0 where it should have. */
  due(inMs: ReadonlyMap<string, number>): void
}

/** From a poll's time to that in which a relay is replaced. */
const SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600]

export function createScheduleMetrics(registers: Registry[]): ScheduleMetrics {
  const firings = new Counter({
    name: 'ebb_schedule_firings_total',
    help: 'Times of schedules about which this relay has decided: fired, waiting for the end of the one before, skipped for it, or missed',
    labelNames: ['schedule', 'state'],
    registers,
  })
  const lateness = new Histogram({
    name: 'ebb_schedule_lateness_seconds',
    help: 'From the time that a schedule was to fire until it has, by the clock of the database',
    labelNames: ['schedule'],
    buckets: SECONDS,
    registers,
  })
  /** When each is due, by the clock of this process that never jumps. */
  let dueAt: ReadonlyMap<string, number> = new Map()
  new Gauge({
    name: 'ebb_schedule_overdue_seconds',
    help: 'For how long a schedule should have fired already, as far as this relay knows; 0 where it is not due',
    labelNames: ['schedule'],
    registers,
    collect() {
      this.reset()
      for (const [schedule, at] of dueAt) this.set({ schedule }, Math.max(0, performance.now() - at) / 1_000)
    },
  })
  return {
    decided: ({ schedule, state, lateMs }) => {
      firings.inc({ schedule, state })
      if (state === 'fired') lateness.observe({ schedule }, lateMs / 1_000)
    },
    due: (inMs) => {
      dueAt = new Map(Array.from(inMs, ([schedule, ms]) => [schedule, performance.now() + ms]))
    },
  }
}
