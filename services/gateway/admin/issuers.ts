import { Router } from 'express'
import type pg from 'pg'
import { appendAudit, OPERATOR } from '../../../src/data/audit.ts'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import { ISSUERS_CHANNEL, type Tokens } from '../tokens/open-tokens.ts'

export interface IssuersOptions {
  readonly pool: pg.Pool
  readonly tokens: Pick<Tokens, 'refresh' | 'status'>
}

/**
 * GET /v1/issuers: the issuers of access tokens, with their keys as this gateway knows them. POST /v1/issuers/refresh makes
 * every gateway fetch the keys now, and returns the same when this one has: for an operator who has removed a key.
 */
export function createIssuersRouter({ pool, tokens }: IssuersOptions): Router {
  const router = Router()
  router.get('/', (_request, response) => {
    response.json({ issuers: tokens.status() })
  })
  router.post('/refresh', async (_request, response) => {
    await inTransaction(pool, async (client) => {
      await appendAudit(client, { actor: OPERATOR, action: 'issuers.refreshed', subject: 'all' })
      await client.query('select pg_notify($1, $2)', [ISSUERS_CHANNEL, ''])
    })
    await tokens.refresh()
    response.json({ issuers: tokens.status() })
  })
  return router
}
