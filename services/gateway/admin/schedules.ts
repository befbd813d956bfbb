import { randomUUID } from 'node:crypto'
import { Problem } from 'ebb/contract'
import { correlate } from 'ebb/telemetry'
import type pg from 'pg'
import type { ContractSet, Schedule, Subscription } from '../../../src/contract/index.ts'
import { appendAudit } from '../../../src/data/audit.ts'
import { OUTBOX_CHANNEL } from '../../../src/data/outbox.ts'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import { fireNow, MAX_WAITING, type Progress } from '../../../src/data/queue/firings.ts'
import { findLastFirings } from '../../../src/data/queue/last-firings.ts'
import { listSchedules, runSchedule } from '../../../src/protocol/admin/schedules.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface SchedulesOptions {
  readonly pool: pg.Pool
  readonly contracts: () => ContractSet
}

export const schedulesOperations = ({ pool, contracts }: SchedulesOptions): readonly AdminOperation[] => [
  operation(listSchedules, async () => {
    const schedules = contracts().subscriptions.flatMap(toScheduled)
    const found = await findLastFirings(pool, schedules)
    return {
      schedules: schedules.map(({ on: _event, ...scheduled }) => ({
        ...scheduled,
        ...{ nextAt: null, waiting: 0, last: null },
        ...found.get(scheduled.name),
      })),
    }
  }),
  operation(runSchedule, async ({ params: { name } }, { actor }) => {
    const scheduled = contracts()
      .subscriptions.flatMap(toScheduled)
      .find((one) => one.name === name)
    if (!scheduled) throw new Problem('not_found', 404, `There is no schedule ${name}.`)
    const newEvent = () => ({ id: randomUUID(), ...correlate(undefined, undefined) })
    const firing = await inTransaction(pool, async (client) => {
      const events = { type: scheduled.on, callerId: actor, newEvent }
      const fired = await fireNow(client, name, { events, decide: (progress) => decide(scheduled, progress) })
      await appendAudit(client, { actor, action: runSchedule.change, subject: name })
      return fired
    })
    await pool.query(`notify ${OUTBOX_CHANNEL}`)
    return {
      plannedAt: firing.plannedAt.toISOString(),
      state: firing.state === 'fired' ? ('running' as const) : ('waiting' as const),
      eventId: firing.eventId ?? null,
      manual: true,
    }
  }),
]

const toScheduled = ({
  name,
  on,
  schedule,
}: Subscription): readonly (Schedule & Pick<Subscription, 'name' | 'on'>)[] =>
  schedule ? [{ name, on, ...schedule }] : []

function decide({ name, overlap }: Schedule & Pick<Subscription, 'name'>, { inFlight, waiting }: Progress) {
  if (!inFlight && waiting.length === 0) return 'fired'
  if (overlap === 'queue' && waiting.length < MAX_WAITING) return 'waiting'
  const why =
    overlap === 'queue' ? `${waiting.length} firings of ${name} wait` : `The last firing of ${name} is not done`
  throw new Problem('still_running', 409, `${why}; run it again later.`)
}
