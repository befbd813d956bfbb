import type pg from 'pg'
import type { Claim, Claimed, StoredAnswer } from '../kernel/index.ts'

interface Row {
  readonly fingerprint: Buffer
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

/** What is stored under a key: a finished answer, another request's (`mismatch`), or nothing yet (`new`). */
export async function findAnswer(database: pg.Pool | pg.ClientBase, claim: Claim): Promise<Claimed> {
  const { caller, route, key, fingerprint } = claim
  const { rows } = await database.query<Row>(
    'select fingerprint, status, headers, body from ebb.idempotency where caller = $1 and route = $2 and key = $3',
    [caller, route, key],
  )
  const [row] = rows
  if (!row) return { is: 'new' }
  if (!row.fingerprint.equals(fingerprint)) return { is: 'mismatch' }
  return { is: 'finished', answer: { status: row.status, headers: row.headers, body: row.body } }
}

/** 64 bits of a hash: a collision makes two strangers' requests wait for each other, and harms neither. */
const LOCK = 'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as taken'

/** Takes the key for the rest of this transaction; whoever comes meanwhile is told so at once, and holds no connection. */
export async function claimKey(client: pg.ClientBase, claim: Claim): Promise<Claimed> {
  const { rows } = await client.query<{ taken: boolean }>(LOCK, [
    JSON.stringify([claim.caller, claim.route, claim.key]),
  ])
  return rows[0]?.taken ? findAnswer(client, claim) : { is: 'in-flight' }
}

export async function storeAnswer(
  client: pg.ClientBase,
  claim: Claim,
  { status, headers, body }: StoredAnswer,
): Promise<void> {
  const { caller, route, key, fingerprint } = claim
  await client.query(
    `insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [caller, route, key, Buffer.from(fingerprint), status, JSON.stringify(headers), Buffer.from(body)],
  )
}
