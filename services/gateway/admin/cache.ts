import { Problem } from 'ebb/contract'
import type { GatewayDependencies } from 'ebb/http/gateway'
import type pg from 'pg'
import { appendAudit } from '../../../src/data/audit.ts'
import { PURGES_CHANNEL } from '../../../src/data/outbox.ts'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import { insertPurges, type PurgeRow } from '../../../src/data/purges.ts'
import type { AdminInput } from '../../../src/protocol/admin/admin-endpoint.ts'
import { purgeCache } from '../../../src/protocol/admin/cache.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface CacheOptions extends Pick<GatewayDependencies, 'contracts'> {
  readonly pool: pg.Pool
}

export const cacheOperations = ({ pool, contracts }: CacheOptions): readonly AdminOperation[] => [
  operation(purgeCache, async ({ body }, { actor }) => {
    const purge = toRow(body)
    if (purge.kind === 'route') requireRoute(contracts().routes, purge.value)
    await inTransaction(pool, async (client) => {
      const detail = { [purge.kind]: purge.value }
      await appendAudit(client, { actor, action: purgeCache.change, subject: purge.value, detail })
      await insertPurges(client, [purge])
      await client.query(`notify ${PURGES_CHANNEL}`)
    })
    return undefined
  }),
]

function toRow({ tag, route, url }: AdminInput<typeof purgeCache>['body']): PurgeRow {
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
