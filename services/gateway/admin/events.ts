import { Problem } from 'ebb/contract'
import express, { Router } from 'express'
import * as z from 'zod'
import { listEvents, showEvent } from '../../../src/data/events.ts'
import { redrive } from '../../../src/data/redrive.ts'
import { countWaiting } from '../../../src/data/waiting.ts'
import type { AdminOptions } from '../admin.ts'
import { fits } from './fits.ts'
import { parseInput } from './parse-input.ts'

const ACTOR = 'admin'
const Page = z.strictObject({
  state: z.enum(['waiting', 'leased', 'done', 'dead']).optional(),
  type: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  before: z.string().max(100).optional(),
})
const Id = z.object({ id: z.uuid() })
const Time = z.iso.datetime({ offset: true })
const Waiting = z.strictObject({ function: z.string().max(100) })
const Redrive = z
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
 * how much that function has still to be called with. POST /v1/events/redrive sends dead
 * ones on their way again, and answers what it did, or with `dryRun` would do.
 */
export function events({ pool, contracts }: Pick<AdminOptions, 'pool' | 'contracts'>): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    response.json(await listEvents(pool, parseInput(Page, request.query, 'query')))
  })
  router.get('/waiting', async (request, response) => {
    response.json(await countWaiting(pool, parseInput(Waiting, request.query, 'query').function))
  })
  router.get('/:id', async (request, response) => {
    const { id } = parseInput(Id, request.params, 'params')
    const event = await showEvent(pool, id)
    if (!event) throw noEvent()
    response.json(event)
  })
  router.post('/redrive', express.json({ limit: '16kb' }), async (request, response) => {
    const { dryRun, perSecond, stopOnFailure, to, ...filter } = parseInput(Redrive, request.body, 'body')
    if (filter.id !== undefined && !(await showEvent(pool, filter.id))) throw noEvent()
    const options = { actor: ACTOR, to, judge: fits(contracts()), dryRun, perSecond, stopOnFailure }
    response.json(await redrive(pool, filter, options))
  })
  return router
}

const noEvent = () => new Problem('not_found', 404, 'There is no event of this id.')
