import { Problem } from 'ebb/contract'
import { Router } from 'express'
import * as z from 'zod'
import { listEvents, showEvent } from '../../../src/data/events.ts'
import type { AdminOptions } from '../admin.ts'
import { parseInput } from './parse-input.ts'

const Page = z.strictObject({
  state: z.enum(['waiting', 'leased', 'done', 'dead']).optional(),
  type: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  before: z.string().max(100).optional(),
})
const Id = z.object({ id: z.uuid() })

/** GET /v1/events, newest first, and /v1/events/{id} with its deliveries and attempts. */
export function events({ pool }: Pick<AdminOptions, 'pool'>): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    response.json(await listEvents(pool, parseInput(Page, request.query, 'query')))
  })
  router.get('/:id', async (request, response) => {
    const { id } = parseInput(Id, request.params, 'params')
    const event = await showEvent(pool, id)
    if (!event) throw new Problem('not_found', 404, 'There is no event of this id.')
    response.json(event)
  })
  return router
}
