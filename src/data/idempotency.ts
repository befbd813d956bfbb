import type pg from 'pg'
import type { Claim, ClaimResult, StoredResponse } from '../kernel/index.ts'

/**
 * Finds what is stored under each of many keys, in their order, by one query: a finished response, another request's
 * (`mismatch`), or nothing yet (`new`).
 */
export async function findStoredResponses(
  client: pg.ClientBase,
  claims: readonly Claim[],
): Promise<readonly ClaimResult[]> {
  const { rows } = await client.query<IdempotencyRow & { readonly n: number }>(
    `select asked.n, found.*
     from unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
            with ordinality as asked (caller, route, key, fingerprint, n)
     cross join lateral ebb.find_answer(asked.caller, asked.route, asked.key, asked.fingerprint) as found`,
    (['caller', 'route', 'key', 'fingerprint'] as const).map((name) => claims.map((claim) => claim[name])),
  )
  const found = new Map(rows.map((row) => [row.n, row]))
  return claims.map((_claim, i) => toClaimResult(found.get(i + 1)))
}

/**
 * Claims the key for the rest of this transaction. A request with the same key that comes meanwhile gets `in-flight` at
 * once, and holds no connection.
 */
export async function claimKey(
  client: pg.ClientBase,
  { caller, route, key, fingerprint }: Claim,
): Promise<ClaimResult> {
  const values = [caller, route, key, fingerprint]
  const { rows } = await client.query<IdempotencyRow>('select * from ebb.claim_key($1, $2, $3, $4)', values)
  return toClaimResult(rows[0])
}

/** Stores the response under a key that this transaction has claimed. */
export async function storeResponse(
  client: pg.ClientBase,
  { caller, route, key, fingerprint }: Claim,
  { status, headers, body }: StoredResponse,
): Promise<void> {
  await client.query(
    `insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [caller, route, key, Buffer.from(fingerprint), status, JSON.stringify(headers), Buffer.from(body)],
  )
}

/** There is no row where nothing is stored under the key. */
type IdempotencyRow =
  | { readonly outcome: 'in-flight' | 'mismatch' }
  | {
      readonly outcome: 'finished'
      readonly status: number
      readonly headers: Record<string, string>
      readonly body: Buffer
    }

function toClaimResult(row: IdempotencyRow | undefined): ClaimResult {
  if (!row) return { status: 'new' }
  if (row.outcome !== 'finished') return { status: row.outcome }
  return { status: 'finished', response: { status: row.status, headers: row.headers, body: row.body } }
}
