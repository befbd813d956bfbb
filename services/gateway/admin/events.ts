import { Problem, type ValidationIssue } from 'ebb/contract'
import type pg from 'pg'
import { BROKER, type ContractSet } from '../../../src/contract/index.ts'
import { appendAudit } from '../../../src/data/audit.ts'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import * as archive from '../../../src/data/queue/archive.ts'
import * as backlog from '../../../src/data/queue/backlog.ts'
import { dropDead, editDead } from '../../../src/data/queue/dead-letters.ts'
import * as store from '../../../src/data/queue/events.ts'
import { findDead, readDelivered } from '../../../src/data/queue/find-dead.ts'
import { type DeadDelivery, redrive } from '../../../src/data/queue/redrive.ts'
import { findEventIssues } from '../../../src/http/middleware/receive-event.ts'
import {
  countWaiting,
  dropEvents,
  editDelivery,
  listDead,
  listEvents,
  listUnarchived,
  readDay,
  readDeliveryData,
  readEventData,
  recordArchived,
  redriveEvents,
  showEvent,
} from '../../../src/protocol/admin/events.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface EventsOptions {
  readonly pool: pg.Pool
  readonly contracts: () => ContractSet
}

export const eventsOperations = ({ pool, contracts }: EventsOptions): readonly AdminOperation[] => [
  operation(listEvents, ({ query }) => store.listEvents(pool, query)),
  operation(countWaiting, ({ query }) => backlog.countWaiting(pool, query.function)),
  operation(listUnarchived, async ({ query }) => ({ days: await archive.findUnarchived(pool, query) })),
  operation(readDay, ({ params, query: { afterTime, afterId } }) =>
    archive.readDay(pool, params.day, afterTime && afterId ? { time: afterTime, id: afterId } : undefined),
  ),
  operation(recordArchived, ({ params: { day }, body }, { actor }) =>
    inTransaction(pool, async (client) => {
      if (!(await archive.recordArchived(client, day)))
        throw new Problem('day_not_over', 409, `${day} is not over for an hour yet; archive it then.`)
      await appendAudit(client, { actor, action: 'event.archived', subject: day, detail: body })
      return undefined
    }),
  ),
  operation(listDead, ({ query }) => findDead(pool, query)),
  operation(readDeliveryData, async ({ params: { id, consumer } }) => {
    const found = await readDelivered(pool, { eventId: id, consumer })
    if (found) return found
    throw new Problem('not_found', 404, `There is no delivery of this event to ${consumer} that is not over.`)
  }),
  operation(showEvent, async ({ params }) => {
    const event = await store.showEvent(pool, params.id)
    if (!event) throw eventNotFound()
    return event
  }),
  operation(readEventData, async ({ params }) => {
    const event = await store.readEventData(pool, params.id)
    if (!event) throw eventNotFound()
    return event.data
  }),
  operation(editDelivery, async ({ params: { id, consumer }, body: { data, dryRun } }, { actor }) => {
    const findIssues = createDeliveryCheck(contracts())
    const edited = await editDead(pool, { eventId: id, consumer, data, actor, findIssues, dryRun })
    if (edited === 'not-found')
      throw new Problem('not_found', 404, `There is no delivery of this event to ${consumer}.`)
    if (edited === 'not-dead')
      throw new Problem('not_dead', 409, 'Only a dead letter can be edited; this delivery is none.')
    if (edited.length > 0)
      throw new Problem('validation_failed', 400, `${consumer} would refuse it.`, { details: edited })
    return undefined
  }),
  operation(dropEvents, async ({ body: { reason, dryRun, ...filter } }, { actor }) => {
    if (filter.id !== undefined && !(await store.hasEvent(pool, filter.id))) throw eventNotFound()
    return dropDead(pool, filter, { actor, reason, dryRun })
  }),
  operation(redriveEvents, async ({ body }, { actor }) => {
    const { dryRun, perSecond, stopOnFailure, to, ...filter } = body
    if (filter.id !== undefined && !(await store.hasEvent(pool, filter.id))) throw eventNotFound()
    const findIssues = createDeliveryCheck(contracts())
    return redrive(pool, filter, { actor, to, findIssues, dryRun, perSecond, stopOnFailure })
  }),
]

const eventNotFound = () => new Problem('not_found', 404, 'There is no event of this id.')

/** Checks a delivery against its subscriber's present contract: returns every issue, none where it would be accepted. */
export function createDeliveryCheck({
  subscriptions,
  validateEvent,
}: ContractSet): (delivery: DeadDelivery) => readonly ValidationIssue[] {
  return ({ consumer, type, version, subject, payload }) => {
    // What a broker has refused goes to it again: its subscribers' schemas are theirs to check.
    if (consumer === BROKER) return findEventIssues({ data: payload, subject })
    const on = subscriptions.find(({ name }) => name === consumer)?.on
    if (on !== undefined && on !== type) return [{ path: 'type', message: `${consumer} takes ${on} now` }]
    const validated = validateEvent(consumer, payload, version)
    return validated.ok ? findEventIssues({ data: payload, subject }) : validated.issues
  }
}
