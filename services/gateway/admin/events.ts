import { Problem, type ValidationIssue } from 'ebb/contract'
import type pg from 'pg'
import type { ContractSet } from '../../../src/contract/index.ts'
import * as backlog from '../../../src/data/queue/backlog.ts'
import * as store from '../../../src/data/queue/events.ts'
import { type DeadDelivery, redrive } from '../../../src/data/queue/redrive.ts'
import { findEventIssues } from '../../../src/http/middleware/receive-event.ts'
import { countWaiting, listEvents, redriveEvents, showEvent } from '../../../src/protocol/admin/events.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface EventsOptions {
  readonly pool: pg.Pool
  readonly contracts: () => ContractSet
}

export const eventsOperations = ({ pool, contracts }: EventsOptions): readonly AdminOperation[] => [
  operation(listEvents, ({ query }) => store.listEvents(pool, query)),
  operation(countWaiting, ({ query }) => backlog.countWaiting(pool, query.function)),
  operation(showEvent, async ({ params }) => {
    const event = await store.showEvent(pool, params.id)
    if (!event) throw eventNotFound()
    return event
  }),
  operation(redriveEvents, async ({ body }, { actor }) => {
    const { dryRun, perSecond, stopOnFailure, to, ...filter } = body
    if (filter.id !== undefined && !(await store.showEvent(pool, filter.id))) throw eventNotFound()
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
  return ({ consumer, type, subject, payload }) => {
    const on = subscriptions.find(({ name }) => name === consumer)?.on
    if (on !== undefined && on !== type) return [{ path: 'type', message: `${consumer} takes ${on} now` }]
    const validated = validateEvent(consumer, payload)
    return validated.ok ? findEventIssues({ data: payload, subject }) : validated.issues
  }
}
