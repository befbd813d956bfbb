import { Problem } from 'ebb/contract'
import { Router } from 'express'
import type pg from 'pg'
import * as z from 'zod'
import { sumUsage } from '../../../src/data/sum-usage.ts'
import { parseInput } from './parse-input.ts'

export interface UsageOptions {
  readonly pool: pg.Pool
}

/** What fits into an answer of some megabytes. */
const MAX_ROWS = 20_000
const Text = z.string().max(300).optional()
const Query = z.strictObject({
  from: z.iso.date(),
  to: z.iso.date(),
  tenant: Text,
  subject: Text,
  keyId: z.uuid().optional(),
  byDay: z.stringbool({ truthy: ['true'], falsy: ['false'] }).default(false),
})

/** GET /v1/usage: what callers have used in days of UTC, summed up, or by day. */
export function createUsageRouter({ pool }: UsageOptions): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    const query = parseInput(Query, request.query, 'query')
    const usage = await sumUsage(pool, { ...query, limit: MAX_ROWS + 1 })
    if (usage.length > MAX_ROWS) throw TOO_MUCH
    response.json({ from: query.from, to: query.to, usage })
  })
  return router
}

const TOO_MUCH = new Problem(
  'invalid_request',
  400,
  `This is more than ${MAX_ROWS} rows; ask for a tenant, a subject or fewer days.`,
)
