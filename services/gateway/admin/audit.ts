import { Router } from 'express'
import type pg from 'pg'
import * as z from 'zod'
import { listAudit } from '../../../src/data/audit.ts'
import { parseInput } from './parse-input.ts'

export interface AuditOptions {
  readonly pool: pg.Pool
}

const Text = z.string().max(300).optional()
const ListQuery = z.strictObject({
  actor: Text,
  action: Text,
  tenant: Text,
  since: z.iso.datetime({ offset: true }).optional(),
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
})

/** GET /v1/audit: who changed what, the newest first; `next` is `before` of the next page. */
export function createAuditRouter({ pool }: AuditOptions): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    const { limit, ...filter } = parseInput(ListQuery, request.query, 'query')
    const found = await listAudit(pool, { ...filter, limit: limit + 1 })
    const entries = found.slice(0, limit)
    response.json({ entries, ...(found.length > limit ? { next: entries.at(-1)?.id } : {}) })
  })
  return router
}
