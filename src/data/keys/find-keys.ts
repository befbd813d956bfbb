import type pg from 'pg'
import { hmacOf, isWellFormed } from './api-key-token.ts'
import { type ApiKey, COLUMNS, IS_LIVE, type Pepper, peppersOf } from './api-keys.ts'

/**
 * The live keys of the tokens, in the same order, by one query. Malformed tokens cost no I/O. A key whose hash was made with
 * the previous pepper is found too, and hashed anew.
 */
export async function findKeys(
  database: pg.Pool | pg.ClientBase,
  pepper: Pepper,
  tokens: readonly string[],
): Promise<readonly (ApiKey | undefined)[]> {
  const { current, previous } = peppersOf(pepper)
  const hashed = tokens.filter(isWellFormed).map((token) => ({ token, hmac: hmacOf(token, current) }))
  const before = previous === undefined ? [] : hashed.map(({ token }) => ({ token, hmac: hmacOf(token, previous) }))
  if (hashed.length === 0) return tokens.map(() => undefined)
  const { rows } = await database.query<ApiKey & { readonly hmac: Buffer }>(
    `select hmac, ${COLUMNS} from ebb.api_key where hmac = any($1) and ${IS_LIVE}`,
    [[...hashed, ...before].map(({ hmac }) => hmac)],
  )
  const found = new Map(rows.map(({ hmac, ...key }) => [hmac.toString('hex'), key]))
  const keyOf = ({ hmac }: { readonly hmac: Buffer }) => found.get(hmac.toString('hex'))
  await rehash(
    database,
    before.flatMap((old, i) => (keyOf(old) ? [{ from: old.hmac, to: hashed[i]?.hmac }] : [])),
  )
  const keys = new Map([...before, ...hashed].flatMap((one) => (keyOf(one) ? [[one.token, keyOf(one)]] : [])))
  return tokens.map((token) => keys.get(token))
}

/** Another gateway may have done so meanwhile: then there is nothing left to change. */
async function rehash(
  database: pg.Pool | pg.ClientBase,
  hashes: readonly { readonly from: Buffer; readonly to: Buffer | undefined }[],
) {
  if (hashes.length === 0) return
  await database.query(
    `update ebb.api_key set hmac = anew.hmac from unnest($1::bytea[], $2::bytea[]) as anew (was, hmac)
     where api_key.hmac = anew.was`,
    [hashes.map(({ from }) => from), hashes.map(({ to }) => to)],
  )
}
