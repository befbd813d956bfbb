import { Problem } from 'ebb/contract'
import type pg from 'pg'
import * as audit from '../../../src/data/audit.ts'
import { sumUsage } from '../../../src/data/sum-usage.ts'
import { listAudit, listUsage } from '../../../src/protocol/admin/records.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface RecordsOptions {
  readonly pool: pg.Pool
}

/** What fits into an answer of some megabytes. */
const MAX_ROWS = 20_000

export const recordsOperations = ({ pool }: RecordsOptions): readonly AdminOperation[] => [
  operation(listAudit, async ({ query: { limit, ...filter } }) => {
    const found = await audit.listAudit(pool, { ...filter, limit: limit + 1 })
    const entries = found.slice(0, limit)
    return { entries, ...(found.length > limit ? { next: entries.at(-1)?.id } : {}) }
  }),
  operation(listUsage, async ({ query }) => {
    const usage = await sumUsage(pool, { ...query, limit: MAX_ROWS + 1 })
    if (usage.length > MAX_ROWS) throw TOO_MUCH
    return { from: query.from, to: query.to, usage }
  }),
]

const TOO_MUCH = new Problem(
  'invalid_request',
  400,
  `This is more than ${MAX_ROWS} rows; ask for a tenant, a subject or fewer days.`,
)
