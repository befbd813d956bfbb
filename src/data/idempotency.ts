import type pg from 'pg'
import type { Claim, Claimed, StoredAnswer } from '../kernel/index.ts'

/** None of them where nothing is stored under the key. */
type Row =
  | { readonly outcome: 'in-flight' | 'mismatch' }
  | {
      readonly outcome: 'finished'
      readonly status: number
      readonly headers: Record<string, string>
      readonly body: Buffer
    }

const find = /* sql */ `select * from ebb.find_answer($1, $2, $3, $4)`
const claim = /* sql */ `select * from ebb.claim_key($1, $2, $3, $4)`

/** What is stored under a key: a finished answer, another request's (`mismatch`), or nothing yet (`new`). */
export const findAnswer = (database: pg.Pool | pg.ClientBase, request: Claim): Promise<Claimed> =>
  ask(database, find, request)

/** Takes the key for the rest of this transaction; a request that comes meanwhile is told so at once, and holds no connection. */
export const claimKey = (client: pg.ClientBase, request: Claim): Promise<Claimed> => ask(client, claim, request)

async function ask(
  database: pg.Pool | pg.ClientBase,
  text: string,
  { caller, route, key, fingerprint }: Claim,
): Promise<Claimed> {
  const { rows } = await database.query<Row>(text, [caller, route, key, fingerprint])
  const [row] = rows
  if (!row) return { is: 'new' }
  if (row.outcome !== 'finished') return { is: row.outcome }
  return { is: 'finished', answer: { status: row.status, headers: row.headers, body: row.body } }
}

export async function storeAnswer(
  client: pg.ClientBase,
  { caller, route, key, fingerprint }: Claim,
  { status, headers, body }: StoredAnswer,
): Promise<void> {
  await client.query(
    `insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [caller, route, key, Buffer.from(fingerprint), status, JSON.stringify(headers), Buffer.from(body)],
  )
}
