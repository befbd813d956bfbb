import { endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import * as z from 'zod'
import { FORBIDDEN, READS, WRITES } from './careless-statements.ts'

const shape = {
  ...({ summary: 'Forget the where.', method: 'POST', tenancy: true, access: {}, timeoutMs: 60_000 } as const),
  body: z.object({ statement: z.string(), id: z.uuid(), other: z.string() }),
  reply: { status: 200, body: z.object({ marks: z.array(z.string()) }) },
} as const

const all = { ...READS, ...WRITES, ...FORBIDDEN }
const statementOf = (name: string) => all[name as keyof typeof all]
const marksOf = (rows: readonly { readonly mark: string }[]) => ({
  marks: rows.map(({ mark }) => mark).filter((mark) => mark !== null),
})
let last = 0

export const carelessWrite = implement(
  endpoint({ ...shape, name: 'careless-write', path: '/v1/writes' }),
  { sql: postgres },
  async ({ body: { statement, ...given } }, { sql, caller }) =>
    marksOf(await statementOf(statement)(sql, { ...given, mine: `${caller.tenant}/${++last}` })),
)

export const carelessRead = implement(
  endpoint({ ...shape, name: 'careless-read', path: '/v1/reads', reads: true }),
  { sql: postgres },
  async ({ body: { statement, ...given } }, { sql, caller }) =>
    marksOf(await statementOf(statement)(sql, { ...given, mine: `${caller.tenant}/` })),
)
