import { Problem } from 'ebb/contract'
import type { GatewayDependencies } from 'ebb/http/gateway'
import express, { Router } from 'express'
import type pg from 'pg'
import * as z from 'zod'
import { appendAudit, OPERATOR } from '../../../src/data/audit.ts'
import { PURGES_CHANNEL } from '../../../src/data/outbox.ts'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import { insertPurges, type PurgeRow } from '../../../src/data/purges.ts'
import { parseInput } from './parse-input.ts'

export interface CacheOptions extends Pick<GatewayDependencies, 'contracts'> {
  readonly pool: pg.Pool
}

const MAX_LENGTH = 8_000
const Purge = z
  .strictObject({
    tag: z.string().min(1).max(MAX_LENGTH).optional(),
    route: z.string().min(1).max(MAX_LENGTH).optional(),
    url: z.string().min(1).max(MAX_LENGTH).optional(),
  })
  .refine((given) => Object.keys(given).length === 1, 'Must have one of tag, route and url')

/**
 * POST /v1/cache/purge has all gateways forget the responses, of all callers, with a tag, of a route by its name, or of a URL:
 * path and query, or the whole of it. It is in the database when this returns 204, and done within 100 ms as a rule.
 */
export function createCacheRouter({ pool, contracts }: CacheOptions): Router {
  const router = Router()
  router.post('/purge', express.json({ limit: '16kb' }), async (request, response) => {
    const purge = toRow(parseInput(Purge, request.body, 'body'))
    if (purge.kind === 'route') requireRoute(contracts().routes, purge.value)
    await inTransaction(pool, async (client) => {
      const detail = { [purge.kind]: purge.value }
      await appendAudit(client, { actor: OPERATOR, action: 'cache.purged', subject: purge.value, detail })
      await insertPurges(client, [purge])
      await client.query(`notify ${PURGES_CHANNEL}`)
    })
    response.status(204).end()
  })
  return router
}

function toRow({ tag, route, url }: z.output<typeof Purge>): PurgeRow {
  if (tag !== undefined) return { kind: 'tag', value: tag }
  if (route !== undefined) return { kind: 'route', value: route }
  // As it was sent where that can be told: a URL would be written anew.
  if (url?.startsWith('/')) return { kind: 'url', value: url }
  const parsed = URL.parse(url ?? '')
  if (!parsed) throw invalid('url', 'This is neither a URL nor a path that begins with a slash.')
  return { kind: 'url', value: parsed.pathname + parsed.search }
}

function requireRoute(routes: readonly { readonly name: string }[], name: string) {
  if (routes.some((route) => route.name === name)) return
  throw invalid('route', `There is no route ${name}.`)
}

const invalid = (name: string, message: string) =>
  new Problem('invalid_request', 400, message, { details: [{ path: `body.${name}`, message }] })
