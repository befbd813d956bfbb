import { Problem, type ValidationIssue } from 'ebb/contract'
import express, { Router } from 'express'
import type pg from 'pg'
import * as z from 'zod'
import type { ContractSet } from '../../../src/contract/index.ts'
import { OPERATOR } from '../../../src/data/audit.ts'
import { countWaiting } from '../../../src/data/queue/backlog.ts'
import { listEvents, showEvent } from '../../../src/data/queue/events.ts'
import { type DeadDelivery, redrive } from '../../../src/data/queue/redrive.ts'
import { findEventIssues } from '../../../src/http/middleware/receive-event.ts'
import { parseInput } from './parse-input.ts'

export interface EventsOptions {
  readonly pool: pg.Pool
  readonly contracts: () => ContractSet
}

const ListQuery = z.strictObject({
  state: z.enum(['waiting', 'leased', 'done', 'dead']).optional(),
  type: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  before: z.string().max(100).optional(),
})
const Id = z.object({ id: z.uuid() })
const Time = z.iso.datetime({ offset: true })
const WaitingQuery = z.strictObject({ function: z.string().max(100) })
const RedriveBody = z
  .strictObject({
    type: z.string().max(200).optional(),
    consumer: z.string().max(100).optional(),
    to: z.string().max(100).optional(),
    id: z.uuid().optional(),
    before: Time.optional(),
    after: Time.optional(),
    limit: z.int().min(1).max(1_000).default(100),
    dryRun: z.boolean().default(false),
    perSecond: z.number().min(0.001).max(10_000).optional(),
    stopOnFailure: z.boolean().default(true),
  })
  .refine(({ to, consumer }) => to === undefined || consumer !== undefined, {
    path: ['to'],
    message: 'needs `consumer`: whose place it takes',
  })

/**
 * GET /v1/events, newest first; /v1/events/{id} with its deliveries and attempts; and /v1/events/waiting?function=NAME,
 * how many calls wait for that function. POST /v1/events/redrive makes dead deliveries due again, and returns what it
 * did, or with `dryRun` would do.
 */
export function createEventsRouter({ pool, contracts }: EventsOptions): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    response.json(await listEvents(pool, parseInput(ListQuery, request.query, 'query')))
  })
  router.get('/waiting', async (request, response) => {
    response.json(await countWaiting(pool, parseInput(WaitingQuery, request.query, 'query').function))
  })
  router.get('/:id', async (request, response) => {
    const { id } = parseInput(Id, request.params, 'params')
    const event = await showEvent(pool, id)
    if (!event) throw eventNotFound()
    response.json(event)
  })
  router.post('/redrive', express.json({ limit: '16kb' }), async (request, response) => {
    const { dryRun, perSecond, stopOnFailure, to, ...filter } = parseInput(RedriveBody, request.body, 'body')
    if (filter.id !== undefined && !(await showEvent(pool, filter.id))) throw eventNotFound()
    const findIssues = createDeliveryCheck(contracts())
    response.json(await redrive(pool, filter, { actor: OPERATOR, to, findIssues, dryRun, perSecond, stopOnFailure }))
  })
  return router
}

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
